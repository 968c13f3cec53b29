using LogQueue.Client.Admin;
using LogQueue.Client.Cluster;
using LogQueue.Client.Errors;
using LogQueue.Protocol;
using LogQueue.Records;

namespace LogQueue.Client;

/// <summary>
/// Looks at and changes topics, offsets, groups and configs. Every call retries what is retriable until
/// <see cref="ClientOptions.OperationTimeout"/>, then throws <see cref="KafkaException"/>. Thread-safe; owned by its client.
/// </summary>
public sealed class AdminClient
{
    private readonly ClusterView _cluster;
    private readonly TopicAdmin _topics;
    private readonly GroupAdmin _groups;
    private readonly OffsetLookup _offsets;
    private readonly RecordDeletion _deletion;

    internal AdminClient(ClusterView cluster)
    {
        _cluster = cluster;
        _topics = new TopicAdmin(cluster);
        _groups = new GroupAdmin(cluster);
        _offsets = new OffsetLookup(cluster, cluster.Connections);
        _deletion = new RecordDeletion(cluster);
    }

    /// <summary>Creates a topic and returns when the cluster serves it.</summary>
    /// <param name="name">1 to 249 of a-z A-Z 0-9 . _ -</param>
    /// <param name="partitions">At least 1; -1 for the broker's default.</param>
    /// <param name="configs">Kafka's topic configs; null for the defaults.</param>
    /// <param name="cancellationToken">Stops waiting; the topic may be created all the same.</param>
    /// <exception cref="KafkaException">The topic exists, or a name, number or config is not accepted.</exception>
    public async Task<TopicDescription> CreateTopicAsync(
        string name, int partitions = -1, IReadOnlyDictionary<string, string>? configs = null,
            CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        await _topics.CreateAsync(name, partitions, configs, cancellationToken).ConfigureAwait(false);
        return await Retry.RunAsync(
            _cluster.Options,
            _cluster.Options.OperationTimeout,
            async ct =>
            {
                // The brokers learn of a new topic one after the other: here "unknown" means "not yet".
                IReadOnlyList<TopicSnapshot> found = await _topics.ReadAsync([name], ct).ConfigureAwait(false);
                ThrowIfNotServed(found.Single());
                return (await DescribeAsync(found, ct).ConfigureAwait(false))[0];
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Deletes a topic with all its records and the offsets of groups in it.</summary>
    /// <exception cref="KafkaException">It does not exist.</exception>
    public Task DeleteTopicAsync(string name, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return _topics.DeleteAsync(name, cancellationToken);
    }

    /// <summary>Raises the number of partitions to <paramref name="newTotal"/>.</summary>
    /// <exception cref="KafkaException">The topic does not exist, or has that many already.</exception>
    public Task AddPartitionsAsync(string topic, int newTotal, CancellationToken cancellationToken = default) =>
        _topics.AddPartitionsAsync(topic, newTotal, cancellationToken);

    /// <summary>All topics, by name.</summary>
    public async Task<IReadOnlyList<TopicSummary>> ListTopicsAsync(
        bool includeInternal = false, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<TopicSnapshot> topics = await _topics.ReadAsync(null, cancellationToken).ConfigureAwait(false);
        return [.. topics.Where(t => includeInternal || !t.IsInternal)
            .Select(static t => new TopicSummary(t.Name, t.Id, t.IsInternal, t.Partitions.Length))
            .OrderBy(static t => t.Name, StringComparer.Ordinal)];
    }

    /// <summary>Topics with leaders and offsets; throws for a topic that does not exist.</summary>
    /// <exception cref="KafkaException">A topic does not exist.</exception>
    public async Task<IReadOnlyList<TopicDescription>> DescribeTopicsAsync(
        IReadOnlyList<string> names, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (names.Count == 0)
        {
            return [];
        }

        IReadOnlyList<TopicSnapshot> found = await _topics.ReadAsync(names, cancellationToken).ConfigureAwait(false);
        if (found.FirstOrDefault(static t => t.Error != ErrorCode.None) is { } missing)
        {
            throw KafkaErrors.Final(missing.Error, $"Topic '{missing.Name}'");
        }

        return await DescribeAsync(found, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Looks up one kind of offset in many partitions.</summary>
    /// <exception cref="KafkaException">A partition does not exist.</exception>
    public async Task<IReadOnlyDictionary<TopicPartition, OffsetFound>> ListOffsetsAsync(
        IReadOnlyList<TopicPartition> partitions, OffsetSpec spec, CancellationToken cancellationToken = default)
    {
        Dictionary<TopicPartition, long> asked = partitions.Distinct().ToDictionary(static p => p, _ => spec.TimestampMs);
        return await _offsets.FindAsync(asked, IsolationLevel.ReadUncommitted, _cluster.Options.RequestTimeout, cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>Deletes the records below the given offsets (-1: all that readers can see); answers the new log start offsets.</summary>
    public Task<IReadOnlyDictionary<TopicPartition, long>> DeleteRecordsAsync(
        IReadOnlyDictionary<TopicPartition, long> beforeOffsets, CancellationToken cancellationToken = default) =>
        _deletion.DeleteAsync(beforeOffsets, cancellationToken);

    /// <summary>All configs of a topic.</summary>
    /// <exception cref="KafkaException">The topic does not exist.</exception>
    public Task<IReadOnlyList<ConfigEntry>> DescribeConfigsAsync(string topic, CancellationToken cancellationToken = default) =>
        _topics.DescribeConfigsAsync(topic, cancellationToken);

    /// <summary>Sets configs of a topic; a null value returns one to its default. The others stay.</summary>
    /// <exception cref="KafkaException">The topic does not exist, or a config is not known or not accepted.</exception>
    public Task AlterConfigsAsync(
        string topic, IReadOnlyDictionary<string, string?> changes, CancellationToken cancellationToken = default) =>
        _topics.AlterConfigsAsync(topic, changes, cancellationToken);

    /// <summary>All groups, by name.</summary>
    public Task<IReadOnlyList<GroupSummary>> ListGroupsAsync(CancellationToken cancellationToken = default) =>
        _groups.ListAsync(cancellationToken);

    /// <summary>Groups with their members; a group that does not exist has the state Dead.</summary>
    public Task<IReadOnlyList<GroupDescription>> DescribeGroupsAsync(
        IReadOnlyList<string> groups, CancellationToken cancellationToken = default) =>
        _groups.DescribeAsync(groups, cancellationToken);

    /// <summary>Deletes a group without members, with its offsets.</summary>
    /// <exception cref="KafkaException">It does not exist, or has members.</exception>
    public Task DeleteGroupAsync(string group, CancellationToken cancellationToken = default) =>
        _groups.DeleteAsync(group, cancellationToken);

    /// <summary>All offsets a group has stored; empty when it has none.</summary>
    public Task<IReadOnlyDictionary<TopicPartition,
        GroupOffset>> ListGroupOffsetsAsync(string group, CancellationToken cancellationToken = default) =>
        _groups.OffsetsAsync(group, cancellationToken);

    /// <summary>Sets offsets of a group that has no live members.</summary>
    /// <exception cref="KafkaException">The group has members, or a partition does not exist.</exception>
    public Task AlterGroupOffsetsAsync(
        string group, IReadOnlyDictionary<TopicPartition, long> offsets, CancellationToken cancellationToken = default) =>
        _groups.AlterOffsetsAsync(group, offsets, cancellationToken);

    /// <summary>The cluster and its brokers.</summary>
    public Task<ClusterDescription> ClusterAsync(CancellationToken cancellationToken = default) =>
        _topics.DescribeClusterAsync(cancellationToken);

    /// <summary>What a broker speaks.</summary>
    public Task<IReadOnlyDictionary<ApiKey, ApiVersionRange>> ApiVersionsAsync(CancellationToken cancellationToken = default) =>
        _topics.AskAsync(static (connection, _) => Task.FromResult(connection.Versions.Ranges), cancellationToken);

    private static void ThrowIfNotServed(TopicSnapshot topic)
    {
        ErrorCode code = topic.Error != ErrorCode.None ? topic.Error
            : topic.Partitions.Length == 0 || topic.Partitions.Any(static p => p.LeaderId < 0) ? ErrorCode.LeaderNotAvailable
            : ErrorCode.None;
        if (code != ErrorCode.None)
        {
            throw KafkaErrors.Of(code, $"Topic '{topic.Name}'");
        }
    }

    private async Task<TopicDescription[]> DescribeAsync(IReadOnlyList<TopicSnapshot> topics, CancellationToken cancellationToken)
    {
        TopicPartition[] led = [.. topics.SelectMany(static t => t.Partitions.Select((p, i) => (p, Id: new TopicPartition(t.Name, i))))
            .Where(static x => x.p.LeaderId >= 0).Select(static x => x.Id)];
        IReadOnlyDictionary<TopicPartition, OffsetFound> starts = await ListOffsetsAsync(led, OffsetSpec.Earliest, cancellationToken)
            .ConfigureAwait(false);
        IReadOnlyDictionary<TopicPartition, OffsetFound> ends = await ListOffsetsAsync(led, OffsetSpec.Latest, cancellationToken)
            .ConfigureAwait(false);
        foreach (TopicSnapshot topic in topics)
        {
            _cluster.Unwatch(topic.Name);
        }

        return [.. topics.Select(topic => new TopicDescription(topic.Name, topic.Id, topic.IsInternal, [.. topic.Partitions.Select((p, i) =>
            new PartitionDescription(
                i,
                p.LeaderId,
                p.LeaderEpoch,
                p.Replicas,
                p.InSyncReplicas,
                starts.TryGetValue(new TopicPartition(topic.Name, i), out OffsetFound? start) ? start.Offset : -1,
                ends.TryGetValue(new TopicPartition(topic.Name, i), out OffsetFound? end) ? end.Offset : -1))]))];
    }
}
