using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>Offsets that were durable once and cannot be read any more.</summary>
/// <param name="FromOffset">The first one.</param>
/// <param name="ToOffset">The first one after them.</param>
/// <param name="What">What was found, where.</param>
internal readonly record struct DamagedRange(long FromOffset, long ToOffset, string What)
{
    /// <summary>The segment in which they lay; -1 when its file is missing.</summary>
    public long SegmentBaseOffset { get; init; } = -1;

    /// <summary>That segment: the cleaner may put another with its base offset in its place. Null when the file is missing.</summary>
    public LogSegment? Segment { get; init; }

    /// <summary>The first damaged byte of it.</summary>
    public long FromPosition { get; init; }

    /// <summary>The first byte after the damage.</summary>
    public long ToPosition { get; init; }

    /// <summary>The range of a hole in a segment.</summary>
    public static DamagedRange Of(LogSegment segment, SegmentHole hole) =>
        new(hole.FromOffset, hole.ToOffset, $"'{segment.Log.Path}' at byte {hole.FromPosition}: {hole.What}")
        {
            SegmentBaseOffset = segment.BaseOffset,
            Segment = segment,
            FromPosition = hole.FromPosition,
            ToPosition = hole.ToPosition,
        };

    /// <summary>In words.</summary>
    public override string ToString() => $"offsets {FromOffset} to {ToOffset - 1}: {What}";
}
