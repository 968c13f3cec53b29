namespace LogQueue.Storage;

/// <summary>Where a time look-up landed.</summary>
/// <param name="TimestampMs">The record's timestamp, in milliseconds since 1970.</param>
/// <param name="Offset">The record's offset.</param>
/// <param name="LeaderEpoch">The leader epoch it was appended in; -1 when unknown.</param>
public readonly record struct TimestampOffset(long TimestampMs, long Offset, int LeaderEpoch);
