namespace LogQueue.Storage.Maintenance;

/// <summary>Bounds of the window of unsynced data. Immutable.</summary>
internal sealed record CommitLoopOptions
{
    /// <summary>A write is synced at most this long after it, when nobody waits for it.</summary>
    public int FlushIntervalMs { get; init; } = 100;

    /// <summary>Unsynced bytes that start a round at once.</summary>
    public int FlushBytes { get; init; } = 1 << 20;

    /// <summary>Bytes of each of the two files of the commit journal; 0 for none: every file is synced itself.</summary>
    public int JournalFileBytes { get; init; } = 16 << 20;

    /// <summary>The journal is used from this many small commits in one round on; fewer are synced themselves.</summary>
    public int JournalLeastLogs { get; init; } = 2;

    /// <summary>
    /// A log with more unsynced bytes is synced itself. A sync of one more file costs the disk as much time as writing about this much.
    /// </summary>
    public int JournalMostLogBytes { get; init; } = 128 << 10;
}
