namespace LogQueue.Engine;

/// <summary>What opening the data directory found and did. Immutable.</summary>
public sealed record RecoverySummary
{
    /// <summary>True when the last engine on this directory closed it in good order, so that nothing had to be scanned.</summary>
    public bool CleanShutdown { get; init; }

    /// <summary>Partitions opened, internal ones included.</summary>
    public int PartitionCount { get; init; }

    /// <summary>Log bytes that were read and checked.</summary>
    public long ScannedBytes { get; init; }

    /// <summary>Bytes of torn tail that were cut: never acknowledged ones.</summary>
    public long CutBytes { get; init; }

    /// <summary>Acknowledged bytes that came back from the commit journal: their own files were not synced yet.</summary>
    public long RestoredBytes { get; init; }

    /// <summary>Index files rebuilt from their logs.</summary>
    public int RebuiltIndexes { get; init; }

    /// <summary>How long opening took, in milliseconds.</summary>
    public long ElapsedMs { get; init; }

    /// <summary>Topics taken over from a plain Kafka data directory.</summary>
    public IReadOnlyList<string> AdoptedTopics { get; init; } = [];

    /// <summary>Directories that no topic claims, moved to <c>lost+found/</c>.</summary>
    public IReadOnlyList<string> LostDirectories { get; init; } = [];

    /// <summary>What is damaged, in words; empty when nothing is.</summary>
    public IReadOnlyList<string> Damage { get; init; } = [];
}
