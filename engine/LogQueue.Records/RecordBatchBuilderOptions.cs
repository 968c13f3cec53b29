namespace LogQueue.Records;

/// <summary>What a <see cref="RecordBatchBuilder"/> builds. Immutable.</summary>
public sealed record RecordBatchBuilderOptions
{
    /// <summary>Codec of the records.</summary>
    /// <value>LZ4.</value>
    public CompressionType Compression { get; init; } = CompressionType.Lz4;

    /// <summary>Effort of the codec, in Kafka's numbers (<c>compression.*.level</c>); null for the codec's own choice.</summary>
    public int? CompressionLevel { get; init; }

    /// <summary>Largest size in bytes, before compression; the first record always fits.</summary>
    /// <value>1 MiB.</value>
    public int MaxBatchBytes { get; init; } = 1024 * 1024;

    /// <summary>Whose time the timestamps are.</summary>
    public TimestampType TimestampType { get; init; } = TimestampType.CreateTime;

    /// <summary>Offset of the first record; a producer writes 0.</summary>
    public long BaseOffset { get; init; }

    /// <summary>Leader epoch; a producer writes -1.</summary>
    public int PartitionLeaderEpoch { get; init; } = -1;

    /// <summary>Producer id; -1 none.</summary>
    public long ProducerId { get; init; } = -1;

    /// <summary>Producer epoch; -1 none.</summary>
    public short ProducerEpoch { get; init; } = -1;

    /// <summary>Sequence number of the first record; -1 none.</summary>
    public int BaseSequence { get; init; } = -1;

    /// <summary>True for a batch of a transaction.</summary>
    public bool IsTransactional { get; init; }

    /// <summary>True for a control batch.</summary>
    public bool IsControl { get; init; }
}
