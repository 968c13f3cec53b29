namespace LogQueue.Storage.Segments;

/// <summary>A damaged stretch of a segment: bytes that hold no batch that can be trusted, and the offsets that they held.</summary>
/// <param name="FromPosition">Its first byte.</param>
/// <param name="ToPosition">The first byte after it: an intact batch, or the end.</param>
/// <param name="FromOffset">The first offset that is lost.</param>
/// <param name="ToOffset">The first one after them.</param>
/// <param name="What">What was found there.</param>
internal readonly record struct SegmentHole(long FromPosition, long ToPosition, long FromOffset, long ToOffset, string What);
