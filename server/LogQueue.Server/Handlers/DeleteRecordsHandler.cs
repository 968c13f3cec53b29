using LogQueue.Engine.Partitions;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>Deletes the records below an offset. Thread-safe.</summary>
internal sealed class DeleteRecordsHandler : RequestHandler<DeleteRecordsRequest, DeleteRecordsResponse>
{
    private const long UpToTheEnd = -1;

    private readonly Broker _broker;

    /// <summary>Deletes records of <paramref name="broker"/>.</summary>
    public DeleteRecordsHandler(Broker broker) => _broker = broker;

    /// <inheritdoc/>
    protected override async ValueTask<DeleteRecordsResponse?> HandleAsync(DeleteRecordsRequest request, RequestContext context)
    {
        var topics = new DeleteRecordsResponse.DeleteRecordsTopicResult[request.Topics.Length];
        for (int t = 0; t < topics.Length; t++)
        {
            DeleteRecordsRequest.DeleteRecordsTopic asked = request.Topics[t];
            var results = new DeleteRecordsResponse.DeleteRecordsPartitionResult[asked.Partitions.Length];
            for (int p = 0; p < results.Length; p++)
            {
                results[p] = await DeleteAsync(asked.Name, asked.Partitions[p]);
            }

            topics[t] = new DeleteRecordsResponse.DeleteRecordsTopicResult { Name = asked.Name, Partitions = results };
        }

        return new DeleteRecordsResponse { Topics = topics };
    }

    private async ValueTask<DeleteRecordsResponse.DeleteRecordsPartitionResult> DeleteAsync(
        string topic, DeleteRecordsRequest.DeleteRecordsPartition asked)
    {
        var result = new DeleteRecordsResponse.DeleteRecordsPartitionResult { PartitionIndex = asked.PartitionIndex, LowWatermark = -1 };
        result.ErrorCode = _broker.TryGetPartition(topic, asked.PartitionIndex, out Partition? partition);
        if (partition is null)
        {
            return result;
        }

        if (partition.Topic.IsInternal)
        {
            result.ErrorCode = ErrorCode.InvalidTopicException;
            return result;
        }

        long before = asked.Offset == UpToTheEnd ? partition.HighWatermark : asked.Offset;
        if (before < 0 || before > partition.HighWatermark)
        {
            result.ErrorCode = ErrorCode.OffsetOutOfRange;
            return result;
        }

        try
        {
            if (before > partition.LogStartOffset)
            {
                await partition.DeleteRecordsAsync(before, CancellationToken.None);
            }

            result.LowWatermark = partition.LogStartOffset;
        }
        catch (Exception e) when (ErrorMapping.TryOf(e, out ErrorCode error))
        {
            result.ErrorCode = error;
        }

        return result;
    }
}
