using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>Describes topics page by page. Thread-safe.</summary>
internal sealed class DescribeTopicPartitionsHandler : RequestHandler<DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse>
{
    private const int MostPartitionsPerPage = 2000;

    private readonly Broker _broker;

    /// <summary>Answers for <paramref name="broker"/>.</summary>
    public DescribeTopicPartitionsHandler(Broker broker) => _broker = broker;

    /// <inheritdoc/>
    protected override ValueTask<DescribeTopicPartitionsResponse?> HandleAsync(
        DescribeTopicPartitionsRequest request, RequestContext context)
    {
        IEnumerable<string> asked = request.Topics.Length == 0 ? _broker.ClientTopics.Select(static t => t.Name)
            : request.Topics.Select(static t => t.Name);
        string firstTopic = request.Cursor?.TopicName ?? "";
        int left = Math.Clamp(request.ResponsePartitionLimit, 1, MostPartitionsPerPage);
        var topics = new List<DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic>();
        var response = new DescribeTopicPartitionsResponse();
        foreach (string name in asked.Distinct().Order(StringComparer.Ordinal).Where(name => string.CompareOrdinal(name, firstTopic) >= 0))
        {
            int first = name == firstTopic ? Math.Max(0, request.Cursor?.PartitionIndex ?? 0) : 0;
            if (left == 0)
            {
                response.NextCursor = new DescribeTopicPartitionsResponse.Cursor { TopicName = name, PartitionIndex = first };
                break;
            }

            DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic described = Describe(name, first, left, out int next);
            topics.Add(described);
            left -= described.Partitions.Length;
            if (next >= 0)
            {
                response.NextCursor = new DescribeTopicPartitionsResponse.Cursor { TopicName = name, PartitionIndex = next };
                break;
            }
        }

        response.Topics = [.. topics];
        return new ValueTask<DescribeTopicPartitionsResponse?>(response);
    }

    private DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic Describe(string name, int first, int most, out int next)
    {
        next = -1;
        if (!_broker.TryGetClientTopic(name, out Topic? topic))
        {
            return new DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic
            {
                Name = name,
                ErrorCode = TopicName.Problem(name) is null ? ErrorCode.UnknownTopicOrPartition : ErrorCode.InvalidTopicException,
            };
        }

        IReadOnlyList<Partition> partitions = topic.Partitions;
        if (partitions.Count - first > most)
        {
            next = first + most;
        }

        return new DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponseTopic
        {
            Name = name,
            TopicId = topic.Id,
            IsInternal = topic.IsInternal,
            Partitions = [.. partitions.Skip(first).Take(most).Select(Describe)],
            TopicAuthorizedOperations = AuthorizedOperations.Topic,
        };
    }

    private DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponsePartition Describe(Partition partition)
    {
        int[] replicas = [_broker.Engine.NodeId];
        return new DescribeTopicPartitionsResponse.DescribeTopicPartitionsResponsePartition
        {
            PartitionIndex = partition.Id.Partition,
            LeaderId = replicas[0],
            LeaderEpoch = partition.LeaderEpoch,
            ReplicaNodes = replicas,
            IsrNodes = replicas,
            EligibleLeaderReplicas = [],
            LastKnownElr = [],
        };
    }
}
