using LogQueue.Engine.Groups;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Records;
using LogQueue.Server.Requests;
using Microsoft.Extensions.Logging;

namespace LogQueue.Server.Groups;

/// <summary>OffsetCommit, OffsetFetch and OffsetDelete. Thread-safe.</summary>
internal sealed class GroupOffsetRequests
{
    private readonly GroupDirectory _directory;
    private readonly GroupOptions _options;
    private readonly IGroupStore _store;
    private readonly GroupTimers _timers;
    private readonly ILogger _log;

    /// <summary>Over all groups.</summary>
    public GroupOffsetRequests(GroupDirectory directory, GroupOptions options, IGroupStore store, GroupTimers timers, ILogger log)
    {
        _directory = directory;
        _options = options;
        _store = store;
        _timers = timers;
        _log = log;
    }

    /// <summary>Stores what may be stored: partitions that do not exist and notes that are too long fail one by one, a group's refusal
    /// fails the rest together.</summary>
    public async Task<OffsetCommitResponse> CommitAsync(OffsetCommitRequest request, RequestContext context)
    {
        long expireMs = request.RetentionTimeMs >= 0 ? _timers.Now.UnixMs + request.RetentionTimeMs : -1;
        var accepted = new List<OffsetToCommit>();
        var pending = new List<OffsetCommitResponse.OffsetCommitResponsePartition>();
        bool byId = context.ApiVersion >= 10;
        bool anyExists = false;
        var response = new OffsetCommitResponse
        {
            Topics =
            [
                .. request.Topics.Select(topic => new OffsetCommitResponse.OffsetCommitResponseTopic
                {
                    Name = topic.Name,
                    TopicId = topic.TopicId,
                    Partitions = [.. topic.Partitions.Select(p => Take(topic, p))],
                }),
            ],
        };
        if (!anyExists && request.Topics.Length > 0)
        {
            return response;
        }

        context.ReleaseFrame();
        ErrorCode error = await StoreAsync(request, context, accepted);
        foreach (OffsetCommitResponse.OffsetCommitResponsePartition partition in pending)
        {
            partition.ErrorCode = error == ErrorCode.None ? partition.ErrorCode : error;
        }

        return response;

        OffsetCommitResponse.OffsetCommitResponsePartition Take(
            OffsetCommitRequest.OffsetCommitRequestTopic topic, OffsetCommitRequest.OffsetCommitRequestPartition partition)
        {
            var result = new OffsetCommitResponse.OffsetCommitResponsePartition { PartitionIndex = partition.PartitionIndex };
            string? name = topic.Name;
            if (byId && !_store.TryGetTopicName(topic.TopicId, out name))
            {
                result.ErrorCode = ErrorCode.UnknownTopicId;
                return result;
            }

            var id = new TopicPartition(name!, partition.PartitionIndex);
            if (!_store.HasPartition(id))
            {
                result.ErrorCode = ErrorCode.UnknownTopicOrPartition;
                return result;
            }

            anyExists = true;
            pending.Add(result);
            if (partition.CommittedMetadata?.Length > Math.Min(_options.OffsetMetadataMaxBytes, GroupOffsets.MaxMetadataLength))
            {
                result.ErrorCode = ErrorCode.OffsetMetadataTooLarge;
                return result;
            }

            accepted.Add(new OffsetToCommit(id, partition.CommittedOffset, partition.CommittedLeaderEpoch, partition.CommittedMetadata,
                expireMs));
            return result;
        }
    }

    /// <summary>Reads offsets; what is unknown, group or partition, is offset -1 without an error.</summary>
    public OffsetFetchResponse Fetch(OffsetFetchRequest request, short version)
    {
        if (version >= 8)
        {
            return new OffsetFetchResponse { Groups = [.. request.Groups.Select(group => FetchOne(group, version))] };
        }

        IEnumerable<(string Name, int[] Partitions)> asked = request.Topics is { } topics
            ? topics.Select(static t => (t.Name, t.PartitionIndexes))
            : StoredTopics(request.GroupId);
        return new OffsetFetchResponse
        {
            Topics =
            [
                .. asked.Select(topic => new OffsetFetchResponse.OffsetFetchResponseTopic
                {
                    Name = topic.Name,
                    Partitions = [.. topic.Partitions.Select(index => FetchPartition(request.GroupId, topic.Name, index))],
                }),
            ],
        };
    }

    /// <summary>Deletes offsets of partitions that nobody in the group subscribes to.</summary>
    public async Task<OffsetDeleteResponse> DeleteAsync(OffsetDeleteRequest request)
    {
        if (!_directory.TryFind(request.GroupId, out GroupMailbox? mailbox))
        {
            return new OffsetDeleteResponse { ErrorCode = ErrorCode.GroupIdNotFound };
        }

        (ErrorCode error, HashSet<string> subscribed) = mailbox.Ask((group, _) => CheckDelete(group, request));
        if (error != ErrorCode.None)
        {
            return new OffsetDeleteResponse { ErrorCode = error };
        }

        var doomed = new List<TopicPartition>();
        var response = new OffsetDeleteResponse
        {
            Topics =
            [
                .. request.Topics.Select(topic => new OffsetDeleteResponse.OffsetDeleteResponseTopic
                {
                    Name = topic.Name,
                    Partitions = [.. topic.Partitions.Select(p => Doom(new TopicPartition(topic.Name, p.PartitionIndex)))],
                }),
            ],
        };
        try
        {
            if (doomed.Count > 0)
            {
                await _store.DeleteAsync(request.GroupId, doomed, CancellationToken.None);
            }

            return response;
        }
        catch (Exception e)
        {
            // The caller is told, whatever the disk or the log says.
            GroupLog.DeleteFailed(_log, e, request.GroupId);
            return new OffsetDeleteResponse { ErrorCode = ErrorCode.CoordinatorNotAvailable };
        }

        OffsetDeleteResponse.OffsetDeleteResponsePartition Doom(TopicPartition partition)
        {
            ErrorCode refused = !_store.HasPartition(partition) ? ErrorCode.UnknownTopicOrPartition
                : subscribed.Contains(partition.Topic) ? ErrorCode.GroupSubscribedToTopic
                : ErrorCode.None;
            if (refused == ErrorCode.None && _store.TryGetOffset(request.GroupId, partition, out _))
            {
                doomed.Add(partition);
            }

            return new OffsetDeleteResponse.OffsetDeleteResponsePartition { PartitionIndex = partition.Partition, ErrorCode = refused };
        }
    }

    private static (ErrorCode Error, HashSet<string> Subscribed) CheckDelete(Group group, OffsetDeleteRequest request)
    {
        if (group.Phase == GroupPhase.Dead)
        {
            return (ErrorCode.GroupIdNotFound, []);
        }

        if (group.Phase == GroupPhase.Empty)
        {
            return (ErrorCode.None, []);
        }

        if (group.ProtocolType != ConsumerProtocolSubscription.ProtocolType)
        {
            return (ErrorCode.NonEmptyGroup, []);
        }

        // Consumers whose metadata cannot be read may subscribe to anything.
        IEnumerable<string> topics = request.Topics.Select(static t => t.Name);
        return (ErrorCode.None, [.. topics.Where(t => group.SubscribedTopics?.Contains(t) ?? true)]);
    }

    private async Task<ErrorCode> StoreAsync(OffsetCommitRequest request, RequestContext context, IReadOnlyList<OffsetToCommit> offsets)
    {
        int generation = request.GenerationIdOrMemberEpoch;
        if (!_directory.TryFind(request.GroupId, out GroupMailbox? mailbox))
        {
            if (generation >= 0)
            {
                return context.ApiVersion >= 9 ? ErrorCode.GroupIdNotFound : ErrorCode.IllegalGeneration;
            }

            if (!_directory.TryFindOrCreate(request.GroupId, out mailbox))
            {
                return ErrorCode.PolicyViolation;
            }
        }

        try
        {
            return await mailbox.CommitAsync(
                (group, now) => group.CheckCommit(request.MemberId, request.GroupInstanceId, generation, now), offsets, context.Aborted);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Whatever the disk or the log says, the client's remedy is to try again.
            GroupLog.CommitFailed(_log, e, request.GroupId, offsets.Count);
            return ErrorCode.CoordinatorNotAvailable;
        }
    }

    private OffsetFetchResponse.OffsetFetchResponseGroup FetchOne(OffsetFetchRequest.OffsetFetchRequestGroup asked, short version)
    {
        bool byId = version >= 10;
        if (asked.Topics is not { } topics)
        {
            return new OffsetFetchResponse.OffsetFetchResponseGroup { GroupId = asked.GroupId, Topics = [.. StoredInGroup(asked.GroupId)] };
        }

        return new OffsetFetchResponse.OffsetFetchResponseGroup { GroupId = asked.GroupId, Topics = [.. topics.Select(FetchTopic)] };

        OffsetFetchResponse.OffsetFetchResponseTopics FetchTopic(OffsetFetchRequest.OffsetFetchRequestTopics topic)
        {
            string? name = topic.Name;
            bool known = !byId || _store.TryGetTopicName(topic.TopicId, out name);
            return new OffsetFetchResponse.OffsetFetchResponseTopics
            {
                Name = name ?? "",
                TopicId = topic.TopicId,
                Partitions =
                [
                    .. topic.PartitionIndexes.Select(index => known
                        ? Batched(FetchPartition(asked.GroupId, name!, index))
                        : Batched(NoOffset(index, ErrorCode.UnknownTopicId))),
                ],
            };
        }

        IEnumerable<OffsetFetchResponse.OffsetFetchResponseTopics> StoredInGroup(string group)
        {
            foreach ((string name, int[] partitions) in StoredTopics(group))
            {
                // A topic that is being deleted has no id any more, and its offsets go with it.
                if (_store.TryGetTopicId(name, out Guid id) || !byId)
                {
                    yield return new OffsetFetchResponse.OffsetFetchResponseTopics
                    {
                        Name = name,
                        TopicId = id,
                        Partitions = [.. partitions.Select(index => Batched(FetchPartition(group, name, index)))],
                    };
                }
            }
        }
    }

    private IEnumerable<(string Name, int[] Partitions)> StoredTopics(string group) =>
        _store.OffsetsOf(group)
            .GroupBy(static o => o.Key.Topic, StringComparer.Ordinal)
            .OrderBy(static t => t.Key, StringComparer.Ordinal)
            .Select(static t => (t.Key, t.Select(static o => o.Key.Partition).Order().ToArray()));

    private OffsetFetchResponse.OffsetFetchResponsePartition FetchPartition(string group, string topic, int index) =>
        _store.TryGetOffset(group, new TopicPartition(topic, index), out CommittedOffset offset)
            ? new OffsetFetchResponse.OffsetFetchResponsePartition
            {
                PartitionIndex = index,
                CommittedOffset = offset.Offset,
                CommittedLeaderEpoch = offset.LeaderEpoch,
                Metadata = offset.Metadata,
            }
            : NoOffset(index, ErrorCode.None);

    private static OffsetFetchResponse.OffsetFetchResponsePartition NoOffset(int index, ErrorCode error) =>
        new() { PartitionIndex = index, CommittedOffset = -1, CommittedLeaderEpoch = -1, Metadata = "", ErrorCode = error };

    private static OffsetFetchResponse.OffsetFetchResponsePartitions Batched(OffsetFetchResponse.OffsetFetchResponsePartition partition) =>
        new()
    {
        PartitionIndex = partition.PartitionIndex,
        CommittedOffset = partition.CommittedOffset,
        CommittedLeaderEpoch = partition.CommittedLeaderEpoch,
        Metadata = partition.Metadata,
        ErrorCode = partition.ErrorCode,
    };
}
