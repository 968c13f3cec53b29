namespace LogQueue.Engine.Errors;

/// <summary>A reader asked for an offset below the log start or above the log end.</summary>
public sealed class OffsetOutOfRangeException : EngineException
{
    /// <summary>Creates it.</summary>
    public OffsetOutOfRangeException(LogQueue.Records.TopicPartition partition, long offset, long logStartOffset, long highWatermark)
        : base($"Offset {offset} of {partition.Topic}-{partition.Partition} cannot be read: it holds {logStartOffset} to {highWatermark} (exclusive).")
    {
        Offset = offset;
        LogStartOffset = logStartOffset;
        HighWatermark = highWatermark;
    }

    /// <summary>The offset that was asked for.</summary>
    public long Offset { get; }

    /// <summary>The first offset that can be read.</summary>
    public long LogStartOffset { get; }

    /// <summary>The end of what can be read; exclusive.</summary>
    public long HighWatermark { get; }
}
