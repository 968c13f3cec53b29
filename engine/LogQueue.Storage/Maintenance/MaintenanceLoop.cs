using LogQueue.Storage.Partitions;

namespace LogQueue.Storage.Maintenance;

/// <summary>
/// Walks the logs of a data directory at an interval: retention, checkpoints, expiry, sealing that was put off. Thread-safe.
/// </summary>
internal sealed class MaintenanceLoop(TimeProvider timeProvider, TimeSpan interval, Func<IReadOnlyList<PartitionLog>> logs)
    : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    /// <summary>Hears of exceptions of a walk; the walk goes on with the next log.</summary>
    public Action<PartitionLog, Exception>? Failed { get; init; }

    /// <summary>Starts the loop.</summary>
    public void Start() => _loop = Task.Run(RunAsync);

    /// <summary>One walk; also for tests and for callers that cannot wait for the interval.</summary>
    public void WalkOnce()
    {
        foreach (PartitionLog log in logs())
        {
            if (_stop.IsCancellationRequested)
            {
                return;
            }

            try
            {
                DateTimeOffset now = timeProvider.GetUtcNow();
                _ = log.Retain(now);
                log.Maintain(now);
            }
            catch (Exception e)
            {
                Failed?.Invoke(log, e); // one broken partition must not stop the upkeep of the others
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(interval, timeProvider);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                WalkOnce();
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }
}
