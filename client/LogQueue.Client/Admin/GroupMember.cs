using LogQueue.Records;

namespace LogQueue.Client.Admin;

/// <summary>A live member of a group.</summary>
/// <param name="MemberId">The name the coordinator gave it.</param>
/// <param name="GroupInstanceId">Its own lasting name; null when it has none.</param>
/// <param name="ClientId">The client id of its requests.</param>
/// <param name="Host">Where it connects from.</param>
/// <param name="Assignment">Its partitions; empty during a rebalance.</param>
public sealed record GroupMember(
    string MemberId,
    string? GroupInstanceId,
    string ClientId,
    string Host,
    IReadOnlyList<TopicPartition> Assignment);
