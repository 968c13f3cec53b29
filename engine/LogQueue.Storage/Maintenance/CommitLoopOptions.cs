namespace LogQueue.Storage.Maintenance;

/// <summary>Bounds of the window of unsynced data. Immutable.</summary>
internal sealed record CommitLoopOptions
{
    /// <summary>A write is synced at most this long after it, when nobody waits for it.</summary>
    public int FlushIntervalMs { get; init; } = 100;

    /// <summary>Unsynced bytes that start a round at once.</summary>
    public int FlushBytes { get; init; } = 1 << 20;

    /// <summary>
    /// Once so many bytes are unsynced, who does not wait for the disk is made to. Recovery takes whole batches more than 16 MiB behind a
    /// bad one for a sign of damage, not of a torn write: a power cut must not leave so much.
    /// </summary>
    public int MostUnsyncedBytes { get; init; } = 8 << 20;

    /// <summary>A round that takes longer than this is told to <see cref="SlowSync"/>, while it still runs.</summary>
    public TimeSpan SlowAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Who has waited this long while a sync hangs is given up; the sync is not.</summary>
    public TimeSpan WaitLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Hears of each round that has ended, with its time.</summary>
    public Action<int, long, TimeSpan>? Synced { get; init; }

    /// <summary>Hears of a slow round, once when it becomes slow (false) and once when it has ended (true).</summary>
    public Action<TimeSpan, bool>? SlowSync { get; init; }

    /// <summary>Bytes of each of the two files of the commit journal; 0 for none: every file is synced itself.</summary>
    public int JournalFileBytes { get; init; } = 16 << 20;

    /// <summary>The journal is used from this many small commits in one round on; fewer are synced themselves.</summary>
    public int JournalLeastLogs { get; init; } = 2;

    /// <summary>
    /// A log with more unsynced bytes is synced itself. A sync of one more file costs the disk as much time as writing about this much.
    /// </summary>
    public int JournalMostLogBytes { get; init; } = 128 << 10;
}
