namespace LogQueue.Storage.Files;

/// <summary>
/// The fence of one data directory. A failed sync leaves the page cache in an unknown state, so it is final: once tripped,
/// nothing is acknowledged or synced any more; reads go on; only a restart recovers. Thread-safe.
/// </summary>
internal sealed class DirectoryFence
{
    private readonly TaskCompletionSource<Exception> _tripped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _cause;

    /// <summary>True once tripped.</summary>
    public bool IsTripped => Volatile.Read(ref _cause) is not null;

    /// <summary>The first failure; null while the directory is well.</summary>
    public Exception? Cause => Volatile.Read(ref _cause);

    /// <summary>Completes with the cause when the fence trips; never faults.</summary>
    public Task<Exception> Tripped => _tripped.Task;

    /// <summary>Trips the fence; only the first cause is kept.</summary>
    public void Trip(Exception cause)
    {
        if (Interlocked.CompareExchange(ref _cause, cause, null) is null)
        {
            _tripped.TrySetResult(cause);
        }
    }

    /// <summary>The exception for those who wait or write after the fence tripped.</summary>
    public LogOfflineException Offline() => new(
        $"The data directory is fenced after a disk error ({Cause?.Message}). Nothing more is written; restart to recover.", Cause);
}
