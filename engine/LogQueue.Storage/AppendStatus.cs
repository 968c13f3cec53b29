namespace LogQueue.Storage;

/// <summary>What became of an append. Everything but <see cref="Appended"/> and <see cref="Duplicate"/> left the log as it was.</summary>
public enum AppendStatus
{
    /// <summary>The batches are in the log; whether they are durable is told by waiting for their end offset.</summary>
    Appended,

    /// <summary>An idempotent producer sent one of its last five batches again; the result carries the first one's offsets.</summary>
    Duplicate,

    /// <summary>Length, magic or checksum of a batch is wrong.</summary>
    CorruptBatch,

    /// <summary>A batch is larger than the topic's <c>max.message.bytes</c>.</summary>
    TooLarge,

    /// <summary>
    /// The batch breaks a rule for records of producers (counts, offsets, control batch, missing key on a compacted topic).
    /// </summary>
    InvalidRecord,

    /// <summary>A timestamp is outside the topic's <c>message.timestamp.before/after.max.ms</c>.</summary>
    InvalidTimestamp,

    /// <summary>An idempotent producer's sequence does not follow its last one.</summary>
    OutOfOrderSequence,

    /// <summary>The producer's epoch is older than one already seen.</summary>
    InvalidProducerEpoch,

    /// <summary>A plain batch from a producer that has a transaction open in this partition, or a marker without a producer.</summary>
    InvalidTransactionState,

    /// <summary>The compression type is unknown.</summary>
    UnsupportedCompression,

    /// <summary>No space: nothing was appended; a later append may succeed.</summary>
    DiskFull,

    /// <summary>The data directory is fenced, the log is closed, or the log is damaged and takes no appends.</summary>
    Offline,

    /// <summary>The partition was deleted.</summary>
    Deleted,

    /// <summary>The system has no file handle or memory left: nothing was appended; a later append may succeed.</summary>
    OutOfResources,
}
