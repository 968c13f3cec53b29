using LogQueue.Engine.Partitions;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Requests;
using LogQueue.Storage;

namespace LogQueue.Server.Handlers;

/// <summary>Finds offsets by time, and the special places of a log: earliest, latest, largest timestamp. Thread-safe.</summary>
internal sealed class ListOffsetsHandler : RequestHandler<ListOffsetsRequest, ListOffsetsResponse>
{
    private const long Latest = -1;
    private const long Earliest = -2;
    private const long MaxTimestamp = -3;
    private const long EarliestLocal = -4;
    private const long LatestTiered = -5;
    private const long EarliestPendingUpload = -6;
    private static readonly TimeSpan LongestWaitForDisk = TimeSpan.FromMilliseconds(500);

    private readonly Broker _broker;

    /// <summary>Looks into the topics of <paramref name="broker"/>.</summary>
    public ListOffsetsHandler(Broker broker) => _broker = broker;

    /// <inheritdoc/>
    protected override async ValueTask<ListOffsetsResponse?> HandleAsync(ListOffsetsRequest request, RequestContext context)
    {
        await MakeVisibleAsync(request);
        return new ListOffsetsResponse
        {
            Topics =
            [
                .. request.Topics.Select(topic => new ListOffsetsResponse.ListOffsetsTopicResponse
                {
                    Name = topic.Name,
                    Partitions = [.. topic.Partitions.Select(partition => Find(request, topic, partition, context.ApiVersion))],
                }),
            ],
        };
    }

    // What was acknowledged with acks=1 may not be on the disk, and so not be readable: a client that asks for the end expects to see it.
    private async ValueTask MakeVisibleAsync(ListOffsetsRequest request)
    {
        List<(Partition Partition, long EndOffset)>? behind = null;
        foreach (ListOffsetsRequest.ListOffsetsTopic topic in request.Topics)
        {
            foreach (ListOffsetsRequest.ListOffsetsPartition asked in topic.Partitions)
            {
                if (asked.Timestamp is not (Earliest or EarliestLocal)
                    && _broker.TryGetPartition(topic.Name, asked.PartitionIndex, out Partition? partition) == ErrorCode.None
                    && partition!.LogEndOffset is var end && partition.HighWatermark < end)
                {
                    (behind ??= []).Add((partition, end));
                }
            }
        }

        if (behind is null)
        {
            return;
        }

        using var bound = new CancellationTokenSource(LongestWaitForDisk, _broker.Options.TimeProvider);
        foreach ((Partition partition, long end) in behind)
        {
            try
            {
                partition.RequestCommit();
                await partition.WaitUntilDurableAsync(end, bound.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                // A slow or failed disk: answer with what can be read now.
                return;
            }
        }
    }

    private ListOffsetsResponse.ListOffsetsPartitionResponse Find(
        ListOffsetsRequest request, ListOffsetsRequest.ListOffsetsTopic topic, ListOffsetsRequest.ListOffsetsPartition asked, short version)
    {
        var response =
            new ListOffsetsResponse.ListOffsetsPartitionResponse { PartitionIndex = asked.PartitionIndex, Timestamp = -1, Offset = -1 };
        if (topic.Partitions.Count(p => p.PartitionIndex == asked.PartitionIndex) > 1)
        {
            response.ErrorCode = ErrorCode.InvalidRequest;
            return response;
        }

        response.ErrorCode = _broker.TryGetPartition(topic.Name, asked.PartitionIndex, out Partition? partition);
        if (partition is null)
        {
            return response;
        }

        response.ErrorCode = ErrorMapping.CheckLeaderEpoch(asked.CurrentLeaderEpoch, partition.LeaderEpoch);
        if (response.ErrorCode != ErrorCode.None)
        {
            return response;
        }

        try
        {
            Fill(response, partition, asked.Timestamp, request.IsolationLevel == 1, version);
        }
        catch (IOException)
        {
            response.ErrorCode = ErrorCode.KafkaStorageError;
        }

        return response;
    }

    private static void Fill(
        ListOffsetsResponse.ListOffsetsPartitionResponse response, Partition partition, long timestamp, bool committedOnly, short version)
    {
        long end = committedOnly ? partition.LastStableOffset : partition.HighWatermark;
        switch (timestamp)
        {
            case Latest:
                response.Offset = end;
                response.LeaderEpoch = Epoch(partition, version);
                break;
            case Earliest or EarliestLocal:
                response.Offset = partition.LogStartOffset;
                response.LeaderEpoch = Epoch(partition, version);
                break;
            case LatestTiered or EarliestPendingUpload:
                break;
            case < EarliestPendingUpload:
                response.ErrorCode = ErrorCode.InvalidRequest;
                break;
            default:
                TimestampOffset? found = timestamp == MaxTimestamp ? partition.FindMaxTimestamp() : partition.FindOffset(timestamp);
                if (found is { } place && place.Offset < end)
                {
                    response.Offset = place.Offset;
                    response.Timestamp = place.TimestampMs;
                    response.LeaderEpoch = version >= 4 ? place.LeaderEpoch : -1;
                }

                break;
        }
    }

    private static int Epoch(Partition partition, short version) => version >= 4 ? partition.LeaderEpoch : -1;
}
