namespace LogQueue.Engine.Groups;

/// <summary>A group's stored position in a partition.</summary>
/// <param name="Offset">The next offset to consume.</param>
/// <param name="LeaderEpoch">The leader epoch the consumer saw; -1 when unknown.</param>
/// <param name="Metadata">What the consumer stored with it.</param>
/// <param name="CommitTimestampMs">When it was stored, in milliseconds since 1970.</param>
/// <param name="ExpireTimestampMs">When it goes by the client's own wish; -1 when the group's retention decides.</param>
public readonly record struct CommittedOffset(
    long Offset, int LeaderEpoch, string? Metadata, long CommitTimestampMs, long ExpireTimestampMs = -1);
