using LogQueue.Client.Admin;
using LogQueue.Client.Connections;
using LogQueue.Client.Errors;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Records;

namespace LogQueue.Client.Cluster;

/// <summary>Asks the leaders for offsets by time (or by the marks of <see cref="OffsetSpec"/>). Thread-safe.</summary>
internal sealed class OffsetLookup(ClusterView cluster, ConnectionPool connections)
{
    /// <summary>Looks up all, trying again until <paramref name="patience"/> is over.</summary>
    /// <exception cref="KafkaException">A partition does not exist, or its leader does not answer.</exception>
    public async Task<Dictionary<TopicPartition, OffsetFound>> FindAsync(
        IReadOnlyDictionary<TopicPartition, long> timestamps, IsolationLevel isolation, TimeSpan patience,
            CancellationToken cancellationToken)
    {
        var found = new Dictionary<TopicPartition, OffsetFound>(timestamps.Count);
        foreach (TopicPartition partition in timestamps.Keys)
        {
            cluster.Watch(partition.Topic, mayCreate: false);
        }

        await Retry.RunAsync(
            cluster.Options,
            patience,
            async ct =>
            {
                await FindOnceAsync(timestamps, isolation, found, ct).ConfigureAwait(false);
                return true;
            },
            cancellationToken).ConfigureAwait(false);
        return found;
    }

    private async Task FindOnceAsync(
        IReadOnlyDictionary<TopicPartition, long> timestamps,
        IsolationLevel isolation,
        Dictionary<TopicPartition, OffsetFound> found,
        CancellationToken cancellationToken)
    {
        ClusterSnapshot snapshot = cluster.Snapshot;
        TopicPartition[] open = [.. timestamps.Keys.Where(p => !found.ContainsKey(p))];
        if (open.Any(p => snapshot.LeaderOf(p) < 0))
        {
            snapshot = await cluster.RefreshAsync(snapshot.Version, cancellationToken).ConfigureAwait(false);
        }

        KafkaException? problem = null;
        foreach (IGrouping<int, TopicPartition> group in open.GroupBy(snapshot.LeaderOf))
        {
            if (group.Key < 0)
            {
                problem = NoLeader(snapshot, group.First());
                continue;
            }

            BrokerConnection connection =
                await connections.GetAsync(snapshot.Brokers[group.Key], ConnectionUse.General, cancellationToken).ConfigureAwait(false);
            problem = await AskAsync(connection, [.. group], timestamps, isolation, found, cancellationToken).ConfigureAwait(false)
                ?? problem;
        }

        if (problem is not null)
        {
            if (KafkaErrors.WantsRefresh(problem.ErrorCode))
            {
                await cluster.RefreshAsync(snapshot.Version, cancellationToken).ConfigureAwait(false);
            }

            throw problem;
        }
    }

    private static KafkaException NoLeader(ClusterSnapshot snapshot, TopicPartition partition)
    {
        ErrorCode code = snapshot.Topics.TryGetValue(partition.Topic, out TopicSnapshot? topic)
            && partition.Partition < topic.Partitions.Length
            ? ErrorCode.LeaderNotAvailable
            : topic?.Error is { } error and not ErrorCode.None ? error : ErrorCode.UnknownTopicOrPartition;
        return KafkaErrors.Of(code, $"Partition {partition.Topic}-{partition.Partition}");
    }

    private static async Task<KafkaException?> AskAsync(
        BrokerConnection connection,
        TopicPartition[] partitions,
        IReadOnlyDictionary<TopicPartition, long> timestamps,
        IsolationLevel isolation,
        Dictionary<TopicPartition, OffsetFound> found,
        CancellationToken cancellationToken)
    {
        var request = new ListOffsetsRequest
        {
            ReplicaId = -1,
            IsolationLevel = (sbyte)isolation,
            Topics = [.. partitions.GroupBy(static p => p.Topic, StringComparer.Ordinal)
                .Select(topic => new ListOffsetsRequest.ListOffsetsTopic
            {
                Name = topic.Key,
                Partitions = [.. topic.Select(p => new ListOffsetsRequest.ListOffsetsPartition
                {
                    PartitionIndex = p.Partition,
                    Timestamp = timestamps[p],
                })],
            })],
        };

        // Version 1 has no isolation; a default of 0 may be left out there.
        using Answer<ListOffsetsResponse> answer = await connection
            .RequestAsync<ListOffsetsRequest, ListOffsetsResponse>(request, versionCap: 10, cancellationToken: cancellationToken)
            .ConfigureAwait(false);
        KafkaException? problem = null;
        foreach (ListOffsetsResponse.ListOffsetsTopicResponse topic in answer.Message.Topics)
        {
            foreach (ListOffsetsResponse.ListOffsetsPartitionResponse p in topic.Partitions)
            {
                if (p.ErrorCode == ErrorCode.None)
                {
                    found[new TopicPartition(topic.Name, p.PartitionIndex)] = new OffsetFound(p.Offset, p.Timestamp, p.LeaderEpoch);
                }
                else
                {
                    problem = KafkaErrors.Of(p.ErrorCode, $"Offsets of {topic.Name}-{p.PartitionIndex}", connection.Address.ToString());
                }
            }
        }

        return problem;
    }
}
