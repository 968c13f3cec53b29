using LogQueue.Records;

namespace LogQueue.Engine.Groups;

/// <summary>A position to store for a group.</summary>
/// <param name="Partition">Topic and partition.</param>
/// <param name="Offset">The next offset to consume.</param>
/// <param name="LeaderEpoch">The leader epoch the consumer saw; -1 when unknown.</param>
/// <param name="Metadata">Anything the consumer wants back; null for nothing.</param>
/// <param name="ExpireTimestampMs">When it shall go, in milliseconds since 1970; -1 when the group's retention decides.</param>
public readonly record struct OffsetToCommit(
    TopicPartition Partition, long Offset, int LeaderEpoch = -1, string? Metadata = null, long ExpireTimestampMs = -1);
