namespace LogQueue.Storage.Compaction;

/// <summary>
/// Bounds the bytes a cleaner reads and writes per second (<c>log.cleaner.io.max.bytes.per.second</c>), so that it leaves the disk to those
/// who wait for it. Shared by the cleaners of a directory. Thread-safe.
/// </summary>
internal sealed class CleanThrottle
{
    /// <summary>Debts below this are not waited for: timers are not that fine.</summary>
    private const double LeastWaitMs = 5;

    private readonly Lock _lock = new();
    private readonly TimeProvider _timeProvider;
    private readonly double _bytesPerMs;
    private readonly Action<TimeSpan, CancellationToken> _wait;
    private long _paidUntil;

    /// <summary>Creates a throttle.</summary>
    /// <param name="bytesPerSecond">The bound, above 0; infinite for none.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="wait">Waits; for tests. Null blocks the cleaner's thread until the time has passed or the token is cancelled.</param>
    public CleanThrottle(double bytesPerSecond, TimeProvider timeProvider, Action<TimeSpan, CancellationToken>? wait = null)
    {
        _bytesPerMs = bytesPerSecond / 1000;
        _timeProvider = timeProvider;
        _wait = wait ?? (static (time, token) => token.WaitHandle.WaitOne(time));
        _paidUntil = timeProvider.GetTimestamp();
    }

    /// <summary>Accounts for bytes that were read or written, and waits while they are more than the bound allows.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public void Spend(long bytes, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        double ms = bytes / _bytesPerMs;
        if (ms <= 0)
        {
            return;
        }

        TimeSpan wait;
        lock (_lock)
        {
            long now = _timeProvider.GetTimestamp();
            double ticks = Math.Min(ms / 1000 * _timeProvider.TimestampFrequency, long.MaxValue / 4d);
            _paidUntil = Math.Max(_paidUntil, now) + (long)ticks;
            wait = _timeProvider.GetElapsedTime(now, _paidUntil);
        }

        if (wait.TotalMilliseconds >= LeastWaitMs)
        {
            _wait(wait > TimeSpan.FromHours(1) ? TimeSpan.FromHours(1) : wait, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
