using LogQueue.Client.Admin;
using LogQueue.Protocol;
using LogQueue.Records;

namespace LogQueue.Client;

/// <summary>
/// Looks at and changes topics, offsets, groups and configs. Every call retries what is retriable until
/// <see cref="ClientOptions.OperationTimeout"/>, then throws <see cref="KafkaException"/>. Thread-safe; owned by its client.
/// </summary>
public sealed class AdminClient
{
    private readonly Cluster.ClusterView _cluster;

    internal AdminClient(Cluster.ClusterView cluster) => _cluster = cluster;

    /// <summary>Creates a topic and returns when the cluster serves it.</summary>
    /// <param name="name">1 to 249 of a-z A-Z 0-9 . _ -</param>
    /// <param name="partitions">At least 1; -1 for the broker's default.</param>
    /// <param name="configs">Kafka's topic configs; null for the defaults.</param>
    /// <param name="cancellationToken">Stops waiting; the topic may be created all the same.</param>
    public Task<TopicDescription> CreateTopicAsync(
        string name, int partitions = -1, IReadOnlyDictionary<string, string>? configs = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Deletes a topic with all its records and the offsets of groups in it.</summary>
    public Task DeleteTopicAsync(string name, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Raises the number of partitions to <paramref name="newTotal"/>.</summary>
    public Task AddPartitionsAsync(string topic, int newTotal, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>All topics, by name.</summary>
    public Task<IReadOnlyList<TopicSummary>> ListTopicsAsync(bool includeInternal = false, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Topics with leaders and offsets; throws for a topic that does not exist.</summary>
    public Task<IReadOnlyList<TopicDescription>> DescribeTopicsAsync(IReadOnlyList<string> names, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Looks up one kind of offset in many partitions.</summary>
    public Task<IReadOnlyDictionary<TopicPartition, OffsetFound>> ListOffsetsAsync(
        IReadOnlyList<TopicPartition> partitions, OffsetSpec spec, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Deletes the records below the given offsets (-1: all that readers can see); answers the new log start offsets.</summary>
    public Task<IReadOnlyDictionary<TopicPartition, long>> DeleteRecordsAsync(
        IReadOnlyDictionary<TopicPartition, long> beforeOffsets, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>All configs of a topic.</summary>
    public Task<IReadOnlyList<ConfigEntry>> DescribeConfigsAsync(string topic, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Sets configs of a topic; a null value returns one to its default. The others stay.</summary>
    public Task AlterConfigsAsync(string topic, IReadOnlyDictionary<string, string?> changes, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>All groups, by name.</summary>
    public Task<IReadOnlyList<GroupSummary>> ListGroupsAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Groups with their members; a group that does not exist has the state Dead.</summary>
    public Task<IReadOnlyList<GroupDescription>> DescribeGroupsAsync(IReadOnlyList<string> groups, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Deletes a group without members, with its offsets.</summary>
    public Task DeleteGroupAsync(string group, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>All offsets a group has stored; empty when it has none.</summary>
    public Task<IReadOnlyDictionary<TopicPartition, GroupOffset>> ListGroupOffsetsAsync(string group, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Sets offsets of a group that has no live members.</summary>
    public Task AlterGroupOffsetsAsync(
        string group, IReadOnlyDictionary<TopicPartition, long> offsets, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>The cluster and its brokers.</summary>
    public Task<ClusterDescription> ClusterAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>What a broker speaks.</summary>
    public Task<IReadOnlyDictionary<ApiKey, ApiVersionRange>> ApiVersionsAsync(CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();
}
