using LogQueue.Storage.Files;

namespace LogQueue.Storage.Partitions;

/// <summary>What the logs of one data directory share.</summary>
internal sealed record PartitionLogContext
{
    private long _removals;

    /// <summary>The disk.</summary>
    public required IStorageDevice Device { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider TimeProvider { get; init; }

    /// <summary>The directory's fence.</summary>
    public required DirectoryFence Fence { get; init; }

    /// <summary>The commit thread.</summary>
    public required ICommitLog CommitLog { get; init; }

    /// <summary>True (durability=commit): readers see what is synced. False (durability=os): readers see what is written.</summary>
    public bool PublishDurableOnly { get; init; } = true;

    /// <summary>What appends must leave of the disk; null where they may use all of it (committed offsets, metadata).</summary>
    public DiskSpace? Space { get; init; }

    /// <summary>
    /// True: who waits for a sync that hangs is given up after a time. False: waits as long as it takes, because memory must follow the
    /// disk.
    /// </summary>
    public bool WaitsEnd { get; init; }

    /// <summary>Runs slow work (sealing rolled segments) away from appenders; null runs it where it arises.</summary>
    public Action<Action>? Background { get; init; }

    /// <summary>Open log and index files. An engine gives one that follows the limits of the process.</summary>
    public LeaseBudget FileBudget { get; init; } = new(2048);

    /// <summary>Mapped index files.</summary>
    public LeaseBudget MapBudget { get; init; } = new(2048);

    /// <summary>Hears of every damaged range found while a log runs, with its partition directory; on the thread that found it.</summary>
    public Action<string, DamagedRange>? DamageFound { get; init; }

    /// <summary>Numbers the directories that are being deleted.</summary>
    public long NextRemoval() => Interlocked.Increment(ref _removals);
}
