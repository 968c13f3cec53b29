namespace LogQueue.Engine.Diagnostics;

/// <summary>What the gauges of an engine ask for when somebody collects. Thread-safe.</summary>
internal interface IEngineGauges
{
    /// <summary>Topics, internal ones included.</summary>
    long TopicCount { get; }

    /// <summary>Open partitions.</summary>
    long PartitionCount { get; }

    /// <summary>Segments of all partitions.</summary>
    long SegmentCount { get; }

    /// <summary>Bytes of all segments.</summary>
    long SizeBytes { get; }

    /// <summary>Free bytes of the file system; -1 when it does not say.</summary>
    long DiskFreeBytes { get; }

    /// <summary>Open files: limits and use.</summary>
    OpenFileLimits OpenFiles { get; }

    /// <summary>Bytes in <c>lost+found</c>; -1 when it cannot be read.</summary>
    long LostAndFoundBytes { get; }

    /// <summary>Bytes written and not yet durable.</summary>
    long UnsyncedBytes { get; }

    /// <summary>Partitions with damage.</summary>
    long DamagedCount { get; }

    /// <summary>True once the directory is fenced.</summary>
    bool IsFenced { get; }

    /// <summary>Time the last open took, in seconds.</summary>
    double RecoverySeconds { get; }
}
