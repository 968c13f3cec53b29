using LogQueue.Engine.Errors;
using LogQueue.Protocol;
using LogQueue.Storage;

namespace LogQueue.Server.Requests;

/// <summary>From the engine's outcomes to the protocol's error codes. Pure functions.</summary>
internal static class ErrorMapping
{
    /// <summary>The code of an append's outcome.</summary>
    public static ErrorCode Of(AppendStatus status) => status switch
    {
        AppendStatus.Appended or AppendStatus.Duplicate => ErrorCode.None,
        AppendStatus.CorruptBatch => ErrorCode.CorruptMessage,
        AppendStatus.TooLarge => ErrorCode.MessageTooLarge,
        AppendStatus.InvalidRecord => ErrorCode.InvalidRecord,
        AppendStatus.InvalidTimestamp => ErrorCode.InvalidTimestamp,
        AppendStatus.OutOfOrderSequence => ErrorCode.OutOfOrderSequenceNumber,
        AppendStatus.InvalidProducerEpoch => ErrorCode.InvalidProducerEpoch,
        AppendStatus.InvalidTransactionState => ErrorCode.InvalidTxnState,
        AppendStatus.UnsupportedCompression => ErrorCode.UnsupportedCompressionType,
        AppendStatus.DiskFull or AppendStatus.OutOfResources or AppendStatus.Offline => ErrorCode.KafkaStorageError,
        AppendStatus.Deleted => ErrorCode.UnknownTopicOrPartition,
        _ => ErrorCode.UnknownServerError,
    };

    /// <summary>The code of a read's outcome.</summary>
    public static ErrorCode Of(ReadStatus status) => status switch
    {
        ReadStatus.Ok => ErrorCode.None,
        ReadStatus.OffsetOutOfRange => ErrorCode.OffsetOutOfRange,
        ReadStatus.Corrupt => ErrorCode.CorruptMessage,
        _ => ErrorCode.KafkaStorageError,
    };

    /// <summary>The code of what the engine throws; false for an exception that is none of the engine's.</summary>
    public static bool TryOf(Exception exception, out ErrorCode code)
    {
        code = exception switch
        {
            TopicExistsException => ErrorCode.TopicAlreadyExists,
            TopicNotFoundException => ErrorCode.UnknownTopicOrPartition,
            InvalidTopicNameException => ErrorCode.InvalidTopicException,
            InvalidTopicConfigException => ErrorCode.InvalidConfig,
            InvalidPartitionCountException => ErrorCode.InvalidPartitions,
            OffsetOutOfRangeException => ErrorCode.OffsetOutOfRange,
            AppendRefusedException refused => Of(refused.Result.Status),
            EngineException => ErrorCode.InvalidRequest,
            IOException => ErrorCode.KafkaStorageError,
            _ => ErrorCode.None,
        };
        return code != ErrorCode.None;
    }

    /// <summary>Compares the leader epoch a client believes in with the partition's; -1 is not compared.</summary>
    public static ErrorCode CheckLeaderEpoch(int claimed, int actual) =>
        claimed < 0 || claimed == actual ? ErrorCode.None
        : claimed < actual ? ErrorCode.FencedLeaderEpoch
        : ErrorCode.UnknownLeaderEpoch;
}
