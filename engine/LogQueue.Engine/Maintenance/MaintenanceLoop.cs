using System.Diagnostics;
using LogQueue.Engine.Groups;
using LogQueue.Engine.Opening;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Storage;
using LogQueue.Storage.Partitions;
using LogQueue.Storage.Scrubbing;

namespace LogQueue.Engine.Maintenance;

/// <summary>
/// The engine's periodic work: retention, checkpoints, expiry of committed offsets, a look at the free space every second. Checkpoints
/// of what was written most come every 10 s, a bounded number of them: behind it a log cannot tell all damage from a torn write.
/// A failure of one partition does not keep the others from their turn. Thread-safe.
/// </summary>
internal sealed class MaintenanceLoop(DataDirectory directory, TopicRegistry topics, GroupOffsets groups, LogEngineOptions options)
    : IDisposable
{
    /// <summary>Checkpoints in one round, a sync of 1 to 2 ms each; the logs with the most bytes go first.</summary>
    internal const int MostCheckpoints = 100;

    internal static readonly TimeSpan CheckpointInterval = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan DiskCheckInterval = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private readonly Scrubber _scrubber = new(
        new ScrubOptions { BytesPerSecond = options.ScrubBytesPerSecond, Interval = options.ScrubInterval }, options.TimeProvider,
        () => topics.Unordered.SelectMany(static topic => topic.Partitions).Select(static p => p.Log.OpenForScrub())
            .OfType<PartitionLog>());
    private Task _rounds = Task.CompletedTask;
    private Task _diskChecks = Task.CompletedTask;
    private Task _checkpoints = Task.CompletedTask;

    /// <summary>The check of data at rest.</summary>
    public Scrubber Scrubber => _scrubber;

    /// <summary>The last failure of a round; null when the last round was good.</summary>
    public Exception? LastFailure { get; private set; }

    /// <summary>Starts the timers.</summary>
    public void Start()
    {
        _scrubber.Start();
        _rounds = RepeatAsync(options.MaintenanceInterval, RunOnceAsync);
        _checkpoints = RepeatAsync(CheckpointInterval, () =>
        {
            SaveCheckpoints();
            return Task.CompletedTask;
        });
        if (options.DiskMinFreeBytes != 0)
        {
            _diskChecks = RepeatAsync(DiskCheckInterval, () =>
            {
                directory.CheckDiskSpace();
                return Task.CompletedTask;
            });
        }
    }

    /// <summary>One round, now.</summary>
    public async Task RunOnceAsync()
    {
        await _oneAtATime.WaitAsync(_stop.Token).ConfigureAwait(false);
        try
        {
            Exception? failure = null;
            DateTimeOffset now = options.TimeProvider.GetUtcNow();
            foreach (Partition partition in topics.Unordered.SelectMany(static topic => topic.Partitions))
            {
                _stop.Token.ThrowIfCancellationRequested();
                if (partition.Log.HasFiles && !directory.Fence.IsTripped)
                {
                    failure = Try(() =>
                    {
                        if (partition.Log.OpenForUpkeep(now) is not { } log)
                        {
                            return;
                        }

                        log.Maintain(now);
                        long start = log.LogStartOffset;
                        int removed = log.Retain(now);
                        directory.Metrics.Retained(removed, log.LogStartOffset - start);
                    }) ?? failure;
                }
            }

            if (!directory.Fence.IsTripped)
            {
                await groups.ExpireAsync(_stop.Token).ConfigureAwait(false);
            }

            LastFailure = failure;
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>Saves the checkpoints of the logs that have most bytes behind theirs.</summary>
    internal void SaveCheckpoints()
    {
        IEnumerable<PartitionLog> due = topics.Unordered.SelectMany(static topic => topic.Partitions)
            .Select(static partition => partition.Log.Opened).OfType<PartitionLog>().Where(static log => log.BytesSinceCheckpoint > 0)
            .Select(static log => (Log: log, Bytes: log.BytesSinceCheckpoint)).OrderByDescending(static due => due.Bytes)
            .Take(MostCheckpoints).Select(static due => due.Log);
        foreach (PartitionLog log in due)
        {
            if (_stop.IsCancellationRequested || directory.Fence.IsTripped)
            {
                return;
            }

            LastFailure = Try(log.TryCheckpoint) ?? LastFailure;
        }
    }

    /// <summary>Ends the loop and waits for a running round.</summary>
    public async Task StopAsync()
    {
        await _scrubber.DisposeAsync().ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_rounds, _diskChecks, _checkpoints).ConfigureAwait(false);
    }

    public void Dispose()
    {
        _stop.Dispose();
        _oneAtATime.Dispose();
    }

    private static Exception? Try(Action work)
    {
        try
        {
            work();
            return null;
        }
        catch (Exception e) when (e is StorageException or LogOfflineException or ObjectDisposedException)
        {
            // A log deleted meanwhile, or a disk in trouble: the next round tries again, and produce tells the client by itself.
            return e;
        }
    }

    private async Task RepeatAsync(TimeSpan interval, Func<Task> work)
    {
        using var timer = new PeriodicTimer(interval, options.TimeProvider);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                try
                {
                    // Off the timer's thread: a test's clock must not run a round inside its Advance.
                    await Task.Run(work, _stop.Token).ConfigureAwait(false);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // The loop outlives a failed round; what failed is kept for those who ask, and tried again.
                    LastFailure = e;
                    Debug.WriteLine(e);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Stopped.
        }
    }
}
