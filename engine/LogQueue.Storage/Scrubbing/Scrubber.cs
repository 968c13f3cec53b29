using LogQueue.Storage.Partitions;

namespace LogQueue.Storage.Scrubbing;

/// <summary>
/// Reads all sealed data in rounds, at a bounded rate, so that rot is found while a backup still exists and not when the data are needed.
/// What it finds goes the way of every damage: quarantine, metric, log line. Thread-safe.
/// </summary>
internal sealed class Scrubber(ScrubOptions options, TimeProvider timeProvider, Func<IEnumerable<PartitionLog>> logs) : IAsyncDisposable
{
    /// <summary>Read between two pauses.</summary>
    private const long BurstBytes = 256 << 10;

    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;
    private long _scrubbedBytes;
    private long _rounds;
    private long _rebuiltCaches;
    private long _lastRoundMs = -1;
    private bool _isStopped;

    /// <summary>Bytes read so far.</summary>
    public long ScrubbedBytes => Volatile.Read(ref _scrubbedBytes);

    /// <summary>Rounds over all data that ended.</summary>
    public long Rounds => Volatile.Read(ref _rounds);

    /// <summary>Indexes, seals and snapshots that were damaged and made again, or taken away.</summary>
    public long RebuiltCaches => Volatile.Read(ref _rebuiltCaches);

    /// <summary>When the last round ended, in milliseconds since 1970; -1 before the first.</summary>
    public long LastRoundMs => Volatile.Read(ref _lastRoundMs);

    /// <summary>The last failure of the disk on the way; null when there was none in the last round.</summary>
    public Exception? LastFailure { get; private set; }

    /// <summary>Starts the rounds.</summary>
    public void Start()
    {
        if (options.BytesPerSecond > 0)
        {
            _loop = Task.Run(RunAsync);
        }
    }

    /// <summary>One round, at the bounded rate.</summary>
    public async Task RunRoundAsync(CancellationToken cancellationToken)
    {
        LastFailure = null;
        long debt = 0;
        foreach (PartitionLog log in logs())
        {
            LogScrub scrub = log.Scrub();
            IEnumerator<int> steps = scrub.Steps().GetEnumerator();
            while (TryStep(steps, out int bytes))
            {
                Interlocked.Add(ref _scrubbedBytes, bytes);
                debt += bytes;
                if (debt >= BurstBytes)
                {
                    await Task.Delay(TimeSpan.FromSeconds((double)debt / options.BytesPerSecond), timeProvider, cancellationToken)
                        .ConfigureAwait(false);
                    debt = 0;
                }

                cancellationToken.ThrowIfCancellationRequested();
            }

            steps.Dispose();
            Interlocked.Add(ref _rebuiltCaches, scrub.RebuiltCaches);
        }

        Volatile.Write(ref _lastRoundMs, timeProvider.GetUtcNow().ToUnixTimeMilliseconds());
        Interlocked.Increment(ref _rounds);
    }

    /// <summary>Ends the rounds; the step that runs is finished first.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_isStopped)
        {
            _isStopped = true;
            await _stop.CancelAsync().ConfigureAwait(false);
            await _loop.ConfigureAwait(false);
            _stop.Dispose();
        }
    }

    /// <summary>A log that is closed, deleted or on a failing disk must not keep the others from their check.</summary>
    private bool TryStep(IEnumerator<int> steps, out int bytes)
    {
        try
        {
            bool moved = steps.MoveNext();
            bytes = moved ? steps.Current : 0;
            return moved;
        }
        catch (Exception e) when (e is StorageException or LogOfflineException or ObjectDisposedException)
        {
            LastFailure = e;
            bytes = 0;
            return false;
        }
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                long started = timeProvider.GetTimestamp();
                await RunRoundAsync(_stop.Token).ConfigureAwait(false);
                TimeSpan rest = options.Interval - timeProvider.GetElapsedTime(started);
                await Task.Delay(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, timeProvider, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }
}
