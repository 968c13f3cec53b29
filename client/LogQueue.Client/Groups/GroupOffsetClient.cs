using LogQueue.Client.Admin;
using LogQueue.Client.Connections;
using LogQueue.Client.Errors;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Records;

namespace LogQueue.Client.Groups;

/// <summary>Reads and writes the offsets a group has stored. Thread-safe.</summary>
internal sealed class GroupOffsetClient(CoordinatorLocator coordinator)
{
    /// <summary>The newest versions that name topics by name.</summary>
    private const short VersionCap = 9;

    /// <summary>The stored offsets of <paramref name="partitions"/>, or of all (null); partitions without one are left out.</summary>
    public Task<Dictionary<TopicPartition, GroupOffset>> FetchAsync(
        IReadOnlyList<TopicPartition>? partitions, TimeSpan patience, CancellationToken cancellationToken) => coordinator.CallAsync(
        async (connection, ct) =>
        {
            bool isList = connection.Versions.Pick<OffsetFetchRequest>(VersionCap) >= 8;
            using Answer<OffsetFetchResponse> answer = await connection
                .RequestAsync<OffsetFetchRequest, OffsetFetchResponse>(
                    isList ? NewRequest(partitions) : OldRequest(partitions), VersionCap, cancellationToken: ct)
                .ConfigureAwait(false);
            return Read(answer.Message, isList, connection.Address.ToString());
        },
        patience,
        cancellationToken);

    /// <summary>Stores offsets.</summary>
    /// <exception cref="KafkaException">The group refused: not a member (any more), or a partition does not exist.</exception>
    public Task CommitAsync(
        GroupIdentity identity, IReadOnlyDictionary<TopicPartition, long> offsets, TimeSpan patience, CancellationToken cancellationToken,
        IReadOnlyDictionary<TopicPartition, string>? metadata = null) =>
        coordinator.CallAsync(
            async (connection, ct) =>
            {
                var request = new OffsetCommitRequest
                {
                    GroupId = coordinator.Group,
                    GenerationIdOrMemberEpoch = identity.GenerationId,
                    MemberId = identity.MemberId,
                    GroupInstanceId = connection.Versions.Pick<OffsetCommitRequest>(VersionCap) >= 7 ? identity.InstanceId : null,
                    Topics = [.. offsets.GroupBy(static o => o.Key.Topic, StringComparer.Ordinal).Select(topic =>
                        new OffsetCommitRequest.OffsetCommitRequestTopic
                        {
                            Name = topic.Key,
                            Partitions = [.. topic.Select(o => new OffsetCommitRequest.OffsetCommitRequestPartition
                            {
                                PartitionIndex = o.Key.Partition,
                                CommittedOffset = o.Value,
                                CommittedMetadata = metadata?.GetValueOrDefault(o.Key) ?? "",
                            })],
                        })],
                };
                using Answer<OffsetCommitResponse> answer = await connection
                    .RequestAsync<OffsetCommitRequest, OffsetCommitResponse>(request, VersionCap, cancellationToken: ct)
                    .ConfigureAwait(false);
                foreach (OffsetCommitResponse.OffsetCommitResponseTopic topic in answer.Message.Topics)
                {
                    foreach (OffsetCommitResponse.OffsetCommitResponsePartition partition in topic.Partitions)
                    {
                        if (partition.ErrorCode != ErrorCode.None)
                        {
                            throw KafkaErrors.Of(
                                partition.ErrorCode,
                                $"Committing {topic.Name}-{partition.PartitionIndex} for group '{coordinator.Group}'",
                                connection.Address.ToString());
                        }
                    }
                }

                return true;
            },
            patience,
            cancellationToken);

    private OffsetFetchRequest NewRequest(IReadOnlyList<TopicPartition>? partitions) => new()
    {
        Groups =
        [
            new OffsetFetchRequest.OffsetFetchRequestGroup
            {
                GroupId = coordinator.Group,
                Topics = partitions is null ? null
                    : [.. ByTopic(partitions).Select(static t => new OffsetFetchRequest.OffsetFetchRequestTopics
                {
                    Name = t.Topic,
                    PartitionIndexes = t.Partitions,
                })],
            },
        ],
    };

    private OffsetFetchRequest OldRequest(IReadOnlyList<TopicPartition>? partitions) => new()
    {
        GroupId = coordinator.Group,
        Topics = partitions is null ? null : [.. ByTopic(partitions).Select(static t => new OffsetFetchRequest.OffsetFetchRequestTopic
        {
            Name = t.Topic,
            PartitionIndexes = t.Partitions,
        })],
    };

    private static IEnumerable<(string Topic, int[] Partitions)> ByTopic(IReadOnlyList<TopicPartition> partitions) =>
        partitions.GroupBy(static p => p.Topic, StringComparer.Ordinal)
            .Select(static g => (g.Key, g.Select(static p => p.Partition).ToArray()));

    private Dictionary<TopicPartition, GroupOffset> Read(OffsetFetchResponse response, bool isList, string broker)
    {
        var found = new Dictionary<TopicPartition, GroupOffset>();
        if (!isList)
        {
            Check(response.ErrorCode, broker);
            foreach (OffsetFetchResponse.OffsetFetchResponseTopic topic in response.Topics)
            {
                foreach (OffsetFetchResponse.OffsetFetchResponsePartition p in topic.Partitions)
                {
                    Add(found, topic.Name, p.PartitionIndex, p.ErrorCode,
                        new GroupOffset(p.CommittedOffset, p.CommittedLeaderEpoch, p.Metadata), broker);
                }
            }

            return found;
        }

        foreach (OffsetFetchResponse.OffsetFetchResponseGroup group in response.Groups)
        {
            Check(group.ErrorCode, broker);
            foreach (OffsetFetchResponse.OffsetFetchResponseTopics topic in group.Topics)
            {
                foreach (OffsetFetchResponse.OffsetFetchResponsePartitions p in topic.Partitions)
                {
                    Add(found, topic.Name, p.PartitionIndex, p.ErrorCode,
                        new GroupOffset(p.CommittedOffset, p.CommittedLeaderEpoch, p.Metadata), broker);
                }
            }
        }

        return found;
    }

    private void Add(
        Dictionary<TopicPartition, GroupOffset> found, string topic, int partition, ErrorCode error, GroupOffset offset, string broker)
    {
        // A topic that is gone has no offset; everything else is an error.
        if (error is not ErrorCode.UnknownTopicOrPartition)
        {
            Check(error, broker);
        }

        if (offset.Offset >= 0)
        {
            found[new TopicPartition(topic, partition)] = offset;
        }
    }

    private void Check(ErrorCode error, string broker)
    {
        if (error != ErrorCode.None)
        {
            throw KafkaErrors.Of(error, $"Offsets of group '{coordinator.Group}'", broker);
        }
    }
}
