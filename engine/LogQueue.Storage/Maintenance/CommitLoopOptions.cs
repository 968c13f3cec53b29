namespace LogQueue.Storage.Maintenance;

/// <summary>Bounds of the window of unsynced data. Immutable.</summary>
internal sealed record CommitLoopOptions
{
    /// <summary>A write is synced at most this long after it, when nobody waits for it.</summary>
    public int FlushIntervalMs { get; init; } = 100;

    /// <summary>Unsynced bytes that start a round at once.</summary>
    public int FlushBytes { get; init; } = 1 << 20;
}
