namespace LogQueue.Client.Admin;

/// <summary>A partition: who leads it and what it holds.</summary>
/// <param name="Partition">Its number.</param>
/// <param name="LeaderId">The leading broker; -1 while there is none.</param>
/// <param name="LeaderEpoch">Counts the leaders it had; -1 when the broker does not say.</param>
/// <param name="Replicas">The brokers that keep it.</param>
/// <param name="InSyncReplicas">Those of them that are up to date.</param>
/// <param name="LogStartOffset">The oldest offset kept; -1 while there is no leader.</param>
/// <param name="EndOffset">The next offset that readers will see; -1 while there is no leader.</param>
public sealed record PartitionDescription(
    int Partition,
    int LeaderId,
    int LeaderEpoch,
    IReadOnlyList<int> Replicas,
    IReadOnlyList<int> InSyncReplicas,
    long LogStartOffset,
    long EndOffset);
