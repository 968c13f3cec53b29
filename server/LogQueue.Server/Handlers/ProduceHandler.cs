using System.Runtime.InteropServices;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Records;
using LogQueue.Server.Requests;
using LogQueue.Server.Transport;
using LogQueue.Storage;
using LogQueue.Wire;

namespace LogQueue.Server.Handlers;

/// <summary>
/// Appends record batches. Two phases: all appends happen at once, in arrival order; then the answer waits for the disk where the
/// client asked for that, while the connection goes on with its next requests. Thread-safe.
/// </summary>
internal sealed class ProduceHandler : RequestHandler<ProduceRequest, ProduceResponse>
{
    private const short AcksAll = -1;
    private const short AcksNone = 0;
    private const short AcksLeader = 1;
    private const short FirstWithZstd = 7;
    private const short FirstWithTopicIds = 13;

    private readonly Broker _broker;

    /// <summary>Appends to the topics of <paramref name="broker"/>.</summary>
    public ProduceHandler(Broker broker) => _broker = broker;

    /// <summary>
    /// From 0, although 3 is the first that is served: librdkafka before 2.11 sends uncompressed otherwise. Kafka does the same.
    /// </summary>
    public override ApiVersionRange Versions => new(0, ProduceRequest.HighestVersion);

    /// <inheritdoc/>
    public override bool RunsAhead => true;

    /// <inheritdoc/>
    protected override ValueTask<ProduceResponse?> HandleAsync(ProduceRequest request, RequestContext context)
    {
        var waits = new List<Wait>();
        ProduceResponse response = AppendAll(request, context, waits);
        context.ReleaseFrame();
        if (request.Acks == AcksNone)
        {
            ThrowIfRefused(response);
            return default;
        }

        return waits.Count > 0
            ? WaitForDiskAsync(response, waits, isAll: request.Acks == AcksAll)
            : new ValueTask<ProduceResponse?>(response);
    }

    private ProduceResponse AppendAll(ProduceRequest request, RequestContext context, List<Wait> waits)
    {
        var response = new ProduceResponse { Responses = new ProduceResponse.TopicProduceResponse[request.TopicData.Length] };
        for (int t = 0; t < request.TopicData.Length; t++)
        {
            ProduceRequest.TopicProduceData data = request.TopicData[t];
            var results = new ProduceResponse.PartitionProduceResponse[data.PartitionData.Length];
            response.Responses[t] = new ProduceResponse.TopicProduceResponse
            {
                Name = data.Name,
                TopicId = data.TopicId,
                PartitionResponses = results,
            };
            ErrorCode topicError = FindTopic(data, context.ApiVersion, out Topic? topic);
            for (int p = 0; p < results.Length; p++)
            {
                results[p] = AppendOne(request, context.ApiVersion, topic, topicError, data.PartitionData[p], waits);
            }
        }

        return response;
    }

    private ErrorCode FindTopic(ProduceRequest.TopicProduceData data, short version, out Topic? topic)
    {
        bool found = version >= FirstWithTopicIds
            ? _broker.TryGetClientTopic(data.TopicId, out topic)
            : _broker.TryGetClientTopic(data.Name, out topic);
        if (!found)
        {
            return version >= FirstWithTopicIds ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition;
        }

        return topic!.IsInternal ? ErrorCode.InvalidTopicException : ErrorCode.None;
    }

    private static ProduceResponse.PartitionProduceResponse AppendOne(
        ProduceRequest request,
        short version,
        Topic? topic,
        ErrorCode topicError,
        ProduceRequest.PartitionProduceData data,
        List<Wait> waits)
    {
        if (request.Acks is not (AcksAll or AcksNone or AcksLeader))
        {
            return Refused(data.Index, ErrorCode.InvalidRequiredAcks, $"acks is {request.Acks}; -1, 0 and 1 are possible.");
        }

        if (topicError != ErrorCode.None)
        {
            return Refused(data.Index, topicError, null);
        }

        if (Broker.TryGetPartition(topic!, data.Index, out Partition? partition) is var error and not ErrorCode.None)
        {
            return Refused(data.Index, error, $"Topic {topic!.Name} has {topic.Partitions.Count} partitions.");
        }

        if (CheckShape(data.Records, version) is ({ } code, { } why))
        {
            return Refused(data.Index, code, why);
        }

        // The frame is ours alone until it is released: stamping offsets into it is what saves the copy.
        AppendResult appended = partition!.Append(MemoryMarshal.AsMemory(data.Records.Memory));
        if (ErrorMapping.Of(appended.Status) is var refusal and not ErrorCode.None)
        {
            ProduceResponse.PartitionProduceResponse refused = Refused(data.Index, refusal, appended.Detail);
            refused.LogStartOffset = appended.LogStartOffset;
            if (refusal == ErrorCode.InvalidRecord && topic!.Config.IsCompacted)
            {
                refused.RecordErrors = KeylessRecords(data.Records.Memory);
            }

            return refused;
        }

        var response = new ProduceResponse.PartitionProduceResponse
        {
            Index = data.Index,
            BaseOffset = appended.BaseOffset,
            LogAppendTimeMs = appended.LogAppendTimeMs,
            LogStartOffset = appended.LogStartOffset,
        };
        waits.Add(new Wait(partition, appended.NextOffset, response));
        return response;
    }

    // Exactly one batch: what is in it, the log checks.
    private static (ErrorCode? Code, string? Why) CheckShape(RecordSet records, short version)
    {
        ReadOnlySpan<byte> batch = records.Memory.Span;
        if (batch.IsEmpty)
        {
            return (ErrorCode.InvalidRecord, "The request has no record batch for this partition.");
        }

        if (batch.Length < RecordBatchLayout.HeaderBytes || !RecordBatchView.TryReadSize(batch, out int sizeBytes)
            || sizeBytes > batch.Length)
        {
            return (ErrorCode.CorruptMessage, $"A record batch is cut short at {batch.Length} bytes.");
        }

        if (sizeBytes < batch.Length)
        {
            return (ErrorCode.InvalidRecord, "The request has more than one record batch for this partition.");
        }

        var view = new RecordBatchView(batch);
        if (view.Magic == 2 && view.IsTransactional)
        {
            return (ErrorCode.InvalidTxnState, "This broker does not serve transactions.");
        }

        return view.Compression == CompressionType.Zstd && version < FirstWithZstd
            ? (ErrorCode.UnsupportedCompressionType, $"zstd needs Produce v{FirstWithZstd}.")
            : default;
    }

    // Told record by record, so that a client can say which of its records it was.
    private static ProduceResponse.BatchIndexAndErrorMessage[] KeylessRecords(ReadOnlyMemory<byte> batch)
    {
        var keyless = new List<ProduceResponse.BatchIndexAndErrorMessage>();
        try
        {
            using RecordBatchReader reader = RecordBatchReader.Open(batch);
            for (int index = 0; reader.TryRead(out Record record); index++)
            {
                if (record.Key is null)
                {
                    keyless.Add(new ProduceResponse.BatchIndexAndErrorMessage
                    {
                        BatchIndex = index,
                        BatchIndexErrorMessage = "A compacted topic takes only records with a key.",
                    });
                }
            }
        }
        catch (CorruptRecordException)
        {
            // The batch is refused as a whole in any case.
            return [];
        }

        return [.. keyless];
    }

    // acks=1 waits, too, while the disk is far behind: the answer is what slows a producer down.
    private static async ValueTask<ProduceResponse?> WaitForDiskAsync(ProduceResponse response, List<Wait> waits, bool isAll)
    {
        foreach (Wait wait in waits)
        {
            try
            {
                // Not cancelled when the client goes: the records are in the log all the same.
                await (isAll
                    ? wait.Partition.WaitUntilDurableAsync(wait.EndOffset, CancellationToken.None)
                    : wait.Partition.CatchUpAsync(wait.EndOffset, CancellationToken.None));
            }
            catch (Exception e) when (e is IOException or SyncTimeoutException)
            {
                wait.Response.ErrorCode = e is SyncTimeoutException ? ErrorCode.RequestTimedOut : ErrorCode.KafkaStorageError;
                wait.Response.ErrorMessage = e.Message;
                wait.Response.BaseOffset = -1;
            }
        }

        return response;
    }

    // acks=0 has no response to carry an error: closing the connection tells the client, as in Kafka.
    private static void ThrowIfRefused(ProduceResponse response)
    {
        foreach (ProduceResponse.TopicProduceResponse topic in response.Responses)
        {
            foreach (ProduceResponse.PartitionProduceResponse partition in topic.PartitionResponses)
            {
                if (partition.ErrorCode != ErrorCode.None)
                {
                    throw new RequestRefusedException(
                        $"a produce with acks=0 to {LogText.Clean(topic.Name)}-{partition.Index} failed: "
                        + $"{ErrorCodeFacts.KafkaName(partition.ErrorCode)} {partition.ErrorMessage}");
                }
            }
        }
    }

    private static ProduceResponse.PartitionProduceResponse Refused(int index, ErrorCode code, string? message) => new()
    {
        Index = index,
        ErrorCode = code,
        ErrorMessage = message,
        BaseOffset = -1,
    };

    private readonly record struct Wait(Partition Partition, long EndOffset, ProduceResponse.PartitionProduceResponse Response);
}
