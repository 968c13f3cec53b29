using System.Collections.Concurrent;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Wire;

namespace LogQueue.Client.Tests.Client.Cluster;

/// <summary>
/// Several brokers over real sockets that follow a test's script: who leads what, who coordinates, who is away, what answers say.
/// One topic "t", one group with one member. Thread-safe.
/// </summary>
internal sealed class FakeCluster : IAsyncDisposable
{
    private static readonly Guid TopicId = new("0f0f0f0f-0000-4000-8000-000000000001");

    private readonly Lock _lock = new();
    private readonly Dictionary<int, long> _committed = [];
    private byte[] _assignment = [];

    public FakeCluster(int brokers, int partitions)
    {
        Partitions = [.. Enumerable.Range(0, partitions).Select(p => new FakePartition { Leader = p % brokers })];
        Brokers = [.. Enumerable.Range(0, brokers).Select(id => new FakeBroker(id, this))];
    }

    public const string Topic = "t";

    public FakeBroker[] Brokers { get; }

    public FakePartition[] Partitions { get; }

    /// <summary>Refused requests name the leader.</summary>
    public bool GivesHints { get; set; }

    /// <summary>Metadata knows the topic.</summary>
    public bool HasTopic { get; set; } = true;

    public int Coordinator { get; set; }

    /// <summary>What was asked of whom, in order.</summary>
    public ConcurrentQueue<(int Broker, ApiKey Api)> Asked { get; } = [];

    public IReadOnlyDictionary<int, long> Committed
    {
        get
        {
            lock (_lock)
            {
                return new Dictionary<int, long>(_committed);
            }
        }
    }

    public string Bootstrap => string.Join(',', Brokers.Select(static b => $"127.0.0.1:{b.Port}"));

    public int CountOf(ApiKey api) => Asked.Count(a => a.Api == api);

    /// <summary>Another broker leads now, in a new epoch.</summary>
    public void MoveLeader(int partition, int leader, int? announced = null)
    {
        lock (_lock)
        {
            Partitions[partition].Leader = leader;
            Partitions[partition].AnnouncedLeader = announced;
            Partitions[partition].Epoch++;
        }
    }

    /// <summary>Changes the script.</summary>
    public void Change(Action<FakeCluster> change)
    {
        lock (_lock)
        {
            change(this);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (FakeBroker broker in Brokers)
        {
            await broker.DisposeAsync();
        }
    }

    internal MetadataResponse Metadata(MetadataRequest request)
    {
        lock (_lock)
        {
            return new MetadataResponse
            {
                ClusterId = "fake",
                Brokers = [.. Brokers.Where(static b => b.IsUp).Select(static b =>
                    new MetadataResponse.MetadataResponseBroker { NodeId = b.Id, Host = "127.0.0.1", Port = b.Port })],
                Topics = [.. (request.Topics ?? []).Select(t => new MetadataResponse.MetadataResponseTopic
                {
                    Name = t.Name,
                    TopicId = HasTopic ? TopicId : Guid.Empty,
                    ErrorCode = HasTopic ? ErrorCode.None : ErrorCode.UnknownTopicOrPartition,
                    Partitions = HasTopic ? [.. Partitions.Select(static (p, i) => new MetadataResponse.MetadataResponsePartition
                    {
                        PartitionIndex = i,
                        LeaderId = p.AnnouncedLeader ?? p.Leader,
                        LeaderEpoch = p.AnnouncedLeader is null ? p.Epoch : p.Epoch - 1,
                    })] : [],
                })],
            };
        }
    }

    internal ProduceResponse Produce(int broker, ProduceRequest request)
    {
        lock (_lock)
        {
            return new ProduceResponse
            {
                NodeEndpoints = GivesHints ? [.. Brokers.Select(static b => new ProduceResponse.NodeEndpoint { NodeId = b.Id, Host = "127.0.0.1", Port = b.Port })] : [],
                Responses = [.. request.TopicData.Select(topic => new ProduceResponse.TopicProduceResponse
                {
                    Name = topic.Name,
                    PartitionResponses = [.. topic.PartitionData.Select(data => topic.PartitionData.Count(d => d.Index == data.Index) == 1
                        ? ProduceOneLocked(broker, data)
                        : new ProduceResponse.PartitionProduceResponse { Index = data.Index, ErrorCode = ErrorCode.InvalidRequest })],
                })],
            };
        }
    }

    internal FetchResponse Fetch(int broker, FetchRequest request)
    {
        lock (_lock)
        {
            return new FetchResponse
            {
                NodeEndpoints = GivesHints ? [.. Brokers.Select(static b => new FetchResponse.NodeEndpoint { NodeId = b.Id, Host = "127.0.0.1", Port = b.Port })] : [],
                Responses = [.. request.Topics.Select(topic => new FetchResponse.FetchableTopicResponse
                {
                    Topic = topic.Topic,
                    TopicId = topic.TopicId,
                    Partitions = [.. topic.Partitions.Select(p => FetchOneLocked(broker, p))],
                })],
            };
        }
    }

    internal ListOffsetsResponse ListOffsets(int broker, ListOffsetsRequest request)
    {
        lock (_lock)
        {
            return new ListOffsetsResponse
            {
                Topics = [.. request.Topics.Select(topic => new ListOffsetsResponse.ListOffsetsTopicResponse
                {
                    Name = topic.Name,
                    Partitions = [.. topic.Partitions.Select(p => new ListOffsetsResponse.ListOffsetsPartitionResponse
                    {
                        PartitionIndex = p.PartitionIndex,
                        ErrorCode = CheckLocked(broker, p.PartitionIndex),
                        Offset = p.Timestamp == -2 ? Partitions[p.PartitionIndex].Start : Partitions[p.PartitionIndex].End,
                    })],
                })],
            };
        }
    }

    internal FindCoordinatorResponse FindCoordinator(FindCoordinatorRequest request)
    {
        FakeBroker broker = Brokers[Coordinator];
        return new FindCoordinatorResponse
        {
            Coordinators = [.. request.CoordinatorKeys.Select(key =>
                new FindCoordinatorResponse.Coordinator { Key = key, NodeId = broker.Id, Host = "127.0.0.1", Port = broker.Port })],
        };
    }

    internal JoinGroupResponse Join(int broker, JoinGroupRequest request) => new()
    {
        ErrorCode = OfCoordinator(broker),
        GenerationId = 1,
        ProtocolType = request.ProtocolType,
        ProtocolName = request.Protocols[0].Name,
        Leader = "member",
        MemberId = "member",
        Members = [new JoinGroupResponse.JoinGroupResponseMember { MemberId = "member", Metadata = request.Protocols[0].Metadata.ToArray() }],
    };

    internal SyncGroupResponse Sync(int broker, SyncGroupRequest request)
    {
        lock (_lock)
        {
            _assignment = request.Assignments.Length > 0 ? request.Assignments[0].Assignment.ToArray() : _assignment;
            return new SyncGroupResponse
            {
                ErrorCode = OfCoordinator(broker), ProtocolType = request.ProtocolType, ProtocolName = request.ProtocolName, Assignment = _assignment,
            };
        }
    }

    internal OffsetFetchResponse FetchOffsets(int broker, OffsetFetchRequest request)
    {
        lock (_lock)
        {
            return new OffsetFetchResponse
            {
                Groups = [.. request.Groups.Select(group => new OffsetFetchResponse.OffsetFetchResponseGroup
                {
                    GroupId = group.GroupId,
                    ErrorCode = OfCoordinator(broker),
                    Topics = [.. (group.Topics ?? []).Select(topic => new OffsetFetchResponse.OffsetFetchResponseTopics
                    {
                        Name = topic.Name,
                        Partitions = [.. topic.PartitionIndexes.Select(p => new OffsetFetchResponse.OffsetFetchResponsePartitions
                        {
                            PartitionIndex = p, CommittedOffset = _committed.GetValueOrDefault(p, -1), Metadata = "",
                        })],
                    })],
                })],
            };
        }
    }

    internal OffsetCommitResponse Commit(int broker, OffsetCommitRequest request)
    {
        lock (_lock)
        {
            return new OffsetCommitResponse
            {
                Topics = [.. request.Topics.Select(topic => new OffsetCommitResponse.OffsetCommitResponseTopic
                {
                    Name = topic.Name,
                    Partitions = [.. topic.Partitions.Select(p =>
                    {
                        ErrorCode error = OfCoordinator(broker);
                        if (error == ErrorCode.None)
                        {
                            _committed[p.PartitionIndex] = p.CommittedOffset;
                        }

                        return new OffsetCommitResponse.OffsetCommitResponsePartition { PartitionIndex = p.PartitionIndex, ErrorCode = error };
                    })],
                })],
            };
        }
    }

    internal ErrorCode OfCoordinator(int broker) => broker == Coordinator ? ErrorCode.None : ErrorCode.NotCoordinator;

    private ErrorCode CheckLocked(int broker, int partition) => !HasTopic ? ErrorCode.UnknownTopicOrPartition
        : Partitions[partition].Leader != broker ? ErrorCode.NotLeaderOrFollower
        : ErrorCode.None;

    private ProduceResponse.PartitionProduceResponse ProduceOneLocked(int broker, ProduceRequest.PartitionProduceData data)
    {
        FakePartition partition = Partitions[data.Index];
        var answer = new ProduceResponse.PartitionProduceResponse { Index = data.Index, ErrorCode = CheckLocked(broker, data.Index), BaseOffset = -1 };
        if (answer.ErrorCode == ErrorCode.NotLeaderOrFollower && GivesHints)
        {
            answer.CurrentLeader = new ProduceResponse.LeaderIdAndEpoch { LeaderId = partition.Leader, LeaderEpoch = partition.Epoch };
        }
        else if (answer.ErrorCode == ErrorCode.None)
        {
            answer.BaseOffset = partition.Append(data.Records.Memory);
            answer.ErrorCode = answer.BaseOffset < 0 ? ErrorCode.OutOfOrderSequenceNumber : ErrorCode.None;
        }

        return answer;
    }

    private FetchResponse.PartitionData FetchOneLocked(int broker, FetchRequest.FetchPartition asked)
    {
        FakePartition partition = Partitions[asked.Partition];
        ErrorCode error = CheckLocked(broker, asked.Partition);
        bool isOut = error == ErrorCode.None && (asked.FetchOffset < partition.Start || asked.FetchOffset > partition.End);
        var answer = new FetchResponse.PartitionData
        {
            PartitionIndex = asked.Partition,
            ErrorCode = isOut ? ErrorCode.OffsetOutOfRange : error,
            HighWatermark = partition.End,
            LastStableOffset = partition.End,
            LogStartOffset = partition.Start,
            Records = new RecordSet(error == ErrorCode.None && !isOut ? partition.Read(asked.FetchOffset) : []),
        };
        if (error == ErrorCode.NotLeaderOrFollower && GivesHints)
        {
            answer.CurrentLeader = new FetchResponse.LeaderIdAndEpoch { LeaderId = partition.Leader, LeaderEpoch = partition.Epoch };
        }

        return answer;
    }
}
