namespace LogQueue.Client.Admin;

/// <summary>An offset that was looked up.</summary>
/// <param name="Offset">The offset; -1 when no record matches.</param>
/// <param name="TimestampMs">That record's time, milliseconds since 1970 UTC; -1 when it was not asked by time.</param>
/// <param name="LeaderEpoch">The leader epoch of that record; -1 when unknown.</param>
public sealed record OffsetFound(long Offset, long TimestampMs, int LeaderEpoch);
