namespace LogQueue.Engine.Inspection;

/// <summary>Figures of one partition, counted from its batches and records. Immutable.</summary>
public sealed record PartitionStatistics
{
    /// <summary>Name of its directory.</summary>
    public required string Name { get; init; }

    /// <summary>Segments.</summary>
    public required int SegmentCount { get; init; }

    /// <summary>Bytes of whole batches.</summary>
    public required long Bytes { get; init; }

    /// <summary>Batches.</summary>
    public required long BatchCount { get; init; }

    /// <summary>Records, control records not counted.</summary>
    public required long RecordCount { get; init; }

    /// <summary>Records without a value.</summary>
    public required long TombstoneCount { get; init; }

    /// <summary>Control records, such as transaction markers.</summary>
    public required long ControlCount { get; init; }

    /// <summary>First offset.</summary>
    public required long LogStartOffset { get; init; }

    /// <summary>First offset after the last batch.</summary>
    public required long NextOffset { get; init; }

    /// <summary>Least record time, in milliseconds since 1970; -1 when no record has one.</summary>
    public required long FirstTimestampMs { get; init; }

    /// <summary>Greatest record time, in milliseconds since 1970; -1 when no record has one.</summary>
    public required long LastTimestampMs { get; init; }

    /// <summary>Bytes of all keys.</summary>
    public required long KeyBytes { get; init; }

    /// <summary>Bytes of all values.</summary>
    public required long ValueBytes { get; init; }

    /// <summary>An estimate of the number of different keys, to about 2 %.</summary>
    public required long DistinctKeys { get; init; }

    /// <summary>Size of the smallest batch, in bytes.</summary>
    public required int LeastBatchBytes { get; init; }

    /// <summary>Size of the largest batch, in bytes.</summary>
    public required int MostBatchBytes { get; init; }

    /// <summary>By codec.</summary>
    public required IReadOnlyList<CodecStatistics> Codecs { get; init; }

    /// <summary>Damage that was passed over; empty when there is none.</summary>
    public required IReadOnlyList<InspectionProblem> Problems { get; init; }

    /// <summary>Records per second of record time; 0 when the records span none.</summary>
    public double RecordsPerSecond => LastTimestampMs > FirstTimestampMs && FirstTimestampMs >= 0
        ? RecordCount * 1000.0 / (LastTimestampMs - FirstTimestampMs) : 0;
}
