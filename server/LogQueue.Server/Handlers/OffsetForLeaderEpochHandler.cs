using LogQueue.Engine.Partitions;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Requests;
using LogQueue.Storage;

namespace LogQueue.Server.Handlers;

/// <summary>Tells where leader epochs end, so that clients notice a log that was cut. Thread-safe.</summary>
internal sealed class OffsetForLeaderEpochHandler : RequestHandler<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse>
{
    private readonly Broker _broker;

    /// <summary>Looks into the topics of <paramref name="broker"/>.</summary>
    public OffsetForLeaderEpochHandler(Broker broker) => _broker = broker;

    /// <inheritdoc/>
    protected override ValueTask<OffsetForLeaderEpochResponse?> HandleAsync(OffsetForLeaderEpochRequest request, RequestContext context)
    {
        var response = new OffsetForLeaderEpochResponse
        {
            Topics =
            [
                .. request.Topics.Select(topic => new OffsetForLeaderEpochResponse.OffsetForLeaderTopicResult
                {
                    Topic = topic.Topic,
                    Partitions = [.. topic.Partitions.Select(partition => Find(topic.Topic, partition))],
                }),
            ],
        };
        return new ValueTask<OffsetForLeaderEpochResponse?>(response);
    }

    private OffsetForLeaderEpochResponse.EpochEndOffset Find(string topic, OffsetForLeaderEpochRequest.OffsetForLeaderPartition asked)
    {
        var result = new OffsetForLeaderEpochResponse.EpochEndOffset { Partition = asked.Partition, LeaderEpoch = -1, EndOffset = -1 };
        result.ErrorCode = _broker.TryGetPartition(topic, asked.Partition, out Partition? partition);
        if (partition is null)
        {
            return result;
        }

        result.ErrorCode = ErrorMapping.CheckLeaderEpoch(asked.CurrentLeaderEpoch, partition.LeaderEpoch);
        if (result.ErrorCode == ErrorCode.None)
        {
            EpochEndOffset found = partition.FindEpochEnd(asked.LeaderEpoch);
            result.LeaderEpoch = found.LeaderEpoch;
            result.EndOffset = found.EndOffset;
        }

        return result;
    }
}
