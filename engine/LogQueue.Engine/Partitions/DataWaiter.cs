namespace LogQueue.Engine.Partitions;

/// <summary>
/// Waits for new data in any of many partitions, without polling: watch them, read them, and wait when there was too little.
/// What arrives between watching and waiting is not missed. One waiter belongs to one task; the partitions may be written by any thread.
/// </summary>
public sealed class DataWaiter : IDisposable
{
    /// <summary>Adds a partition; what moves its readable end from now on ends the wait.</summary>
    public void Watch(Partition partition) => throw new NotSupportedException();

    /// <summary>Waits until the high watermark or last stable offset of a watched partition moved since the last wait (true), or the time is over (false).</summary>
    public ValueTask<bool> WaitAsync(TimeSpan timeout, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Watches nothing any more; the waiter may be used for other partitions.</summary>
    public void Clear() => throw new NotSupportedException();

    /// <summary>Watches nothing any more.</summary>
    public void Dispose() => throw new NotSupportedException();
}
