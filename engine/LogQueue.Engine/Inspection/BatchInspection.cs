using LogQueue.Records;

namespace LogQueue.Engine.Inspection;

/// <summary>One batch as it lies in a segment.</summary>
public sealed record BatchInspection
{
    /// <summary>The file.</summary>
    public required string Path { get; init; }

    /// <summary>Byte position in the file.</summary>
    public required long Position { get; init; }

    /// <summary>Size in bytes.</summary>
    public required int SizeBytes { get; init; }

    /// <summary>First offset.</summary>
    public required long BaseOffset { get; init; }

    /// <summary>Last offset.</summary>
    public required long LastOffset { get; init; }

    /// <summary>Records.</summary>
    public required int RecordCount { get; init; }

    /// <summary>Codec.</summary>
    public required CompressionType Compression { get; init; }

    /// <summary>Greatest timestamp, in milliseconds.</summary>
    public required long MaxTimestampMs { get; init; }

    /// <summary>Producer id; -1 none.</summary>
    public required long ProducerId { get; init; }

    /// <summary>Producer epoch; -1 none.</summary>
    public required short ProducerEpoch { get; init; }

    /// <summary>First sequence number; -1 none.</summary>
    public required int BaseSequence { get; init; }

    /// <summary>Leader epoch.</summary>
    public required int LeaderEpoch { get; init; }

    /// <summary>True for a control batch.</summary>
    public required bool IsControl { get; init; }

    /// <summary>True for a batch of a transaction.</summary>
    public required bool IsTransactional { get; init; }

    /// <summary>True when the checksum is that of the bytes.</summary>
    public required bool IsChecksumValid { get; init; }

    internal static BatchInspection Of(string path, long position, ReadOnlySpan<byte> batch)
    {
        var view = new RecordBatchView(batch);
        return new BatchInspection
        {
            Path = path,
            Position = position,
            SizeBytes = batch.Length,
            BaseOffset = view.BaseOffset,
            LastOffset = view.LastOffset,
            RecordCount = view.RecordCount,
            Compression = view.Compression,
            MaxTimestampMs = view.MaxTimestamp,
            ProducerId = view.ProducerId,
            ProducerEpoch = view.ProducerEpoch,
            BaseSequence = view.BaseSequence,
            LeaderEpoch = view.PartitionLeaderEpoch,
            IsControl = view.IsControl,
            IsTransactional = view.IsTransactional,
            IsChecksumValid = view.IsChecksumValid,
        };
    }
}
