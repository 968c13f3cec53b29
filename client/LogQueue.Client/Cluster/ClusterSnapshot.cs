using LogQueue.Client.Connections;
using LogQueue.Records;

namespace LogQueue.Client.Cluster;

/// <summary>The cluster as last seen. Immutable; a refresh makes the next one.</summary>
internal sealed record ClusterSnapshot(
    long Version,
    string? ClusterId,
    int ControllerId,
    IReadOnlyDictionary<int, BrokerAddress> Brokers,
    IReadOnlyDictionary<int, string?> Racks,
    IReadOnlyDictionary<string, TopicSnapshot> Topics)
{
    public static ClusterSnapshot Empty { get; } = new(
        0, null, -1, new Dictionary<int, BrokerAddress>(), new Dictionary<int, string?>(), new Dictionary<string, TopicSnapshot>());

    /// <summary>The leading broker's id; -1 when the partition or its leader is unknown.</summary>
    public int LeaderOf(TopicPartition partition) =>
        Topics.TryGetValue(partition.Topic, out TopicSnapshot? topic) && partition.Partition >= 0
            && partition.Partition < topic.Partitions.Length
        && topic.Partitions[partition.Partition] is { } p && Brokers.ContainsKey(p.LeaderId) ? p.LeaderId : -1;
}
