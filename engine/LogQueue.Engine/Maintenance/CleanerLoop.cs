using System.Collections.Concurrent;
using System.Diagnostics;
using LogQueue.Engine.Diagnostics;
using LogQueue.Engine.Opening;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Compaction;
using LogQueue.Storage.Partitions;

namespace LogQueue.Engine.Maintenance;

/// <summary>
/// Cleans compacted partitions, the one that needs it most first: one that is late by <c>max.compaction.lag.ms</c>, then the largest dirty
/// share. A partition that cannot be cleaned because of damage is set aside, with its reason, until the next start; all others go on.
/// Thread-safe.
/// </summary>
internal sealed class CleanerLoop : IDisposable
{
    private readonly DataDirectory _directory;
    private readonly TopicRegistry _topics;
    private readonly CleanerOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly EngineMetrics _metrics;
    private readonly CleanThrottle _throttle;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<PartitionLog, string> _uncleanable = new();
    private readonly ConcurrentDictionary<PartitionLog, bool> _running = new();
    private Task _loops = Task.CompletedTask;
    private long _lastPassMs;

    public CleanerLoop(DataDirectory directory, TopicRegistry topics, LogEngineOptions options)
    {
        _directory = directory;
        _topics = topics;
        _options = options.Cleaner;
        _timeProvider = options.TimeProvider;
        _metrics = directory.Metrics;
        _throttle = new CleanThrottle(_options.MaxBytesPerSecond, TimeProvider.System);
        _metrics.MeasureCleaner(() => Uncleanable.Count, () => Interlocked.Read(ref _lastPassMs));
    }

    /// <summary>Partitions that cannot be cleaned, and why.</summary>
    public IReadOnlyDictionary<TopicPartition, string> Uncleanable => _uncleanable
        .Where(pair => IsServed(pair.Key)).ToDictionary(static pair => pair.Key.Id, static pair => pair.Value);

    /// <summary>Starts the cleaners.</summary>
    public void Start()
    {
        if (_options.Enabled)
        {
            _loops = Task.WhenAll(Enumerable.Range(0, _options.Threads).Select(_ => Task.Run(RepeatAsync)));
        }
    }

    /// <summary>Cleans everything that is due, now, and returns how many partitions that were.</summary>
    public Task<int> RunOnceAsync() => Task.Run(() => CleanDue(new KeyOffsetMap(_options.DedupeBufferBytes / _options.Threads)));

    /// <summary>Ends the cleaners: a pass ends between two batches.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loops.ConfigureAwait(false);
    }

    public void Dispose() => _stop.Dispose();

    private async Task RepeatAsync()
    {
        var map = new KeyOffsetMap(_options.DedupeBufferBytes / _options.Threads);
        try
        {
            while (true)
            {
                await Task.Delay(_options.Backoff, _timeProvider, _stop.Token).ConfigureAwait(false);
                try
                {
                    // Off the timer's thread: a test's clock must not run a pass inside its Advance.
                    await Task.Run(() => CleanDue(map), _stop.Token).ConfigureAwait(false);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    Debug.WriteLine(e); // the loop outlives what no partition could be blamed for
                }

                map.Release();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Stopped.
        }
    }

    private int CleanDue(KeyOffsetMap map)
    {
        HashSet<PartitionLog> tried = [];
        while (!_stop.IsCancellationRequested && !_directory.Fence.IsTripped && TakeNeediest(tried) is { } log)
        {
            try
            {
                tried.Add(log);
                Clean(log, map);
            }
            finally
            {
                _running.TryRemove(log, out _);
            }
        }

        return tried.Count;
    }

    private PartitionLog? TakeNeediest(HashSet<PartitionLog> tried)
    {
        DateTimeOffset now = _timeProvider.GetUtcNow();
        List<(PartitionLog Log, CleanPlan Plan)> due = [];
        foreach (Partition partition in _topics.Unordered.Where(static topic => topic.Config.IsCompacted)
            .SelectMany(static topic => topic.Partitions))
        {
            if (partition.Log.Opened is not { } log || tried.Contains(log) || _uncleanable.ContainsKey(log))
            {
                continue;
            }

            try
            {
                if (log.PlanCleaning(now) is { IsDue: true } plan)
                {
                    due.Add((log, plan));
                }
            }
            catch (StorageException e)
            {
                _uncleanable[log] = e.Message;
            }
        }

        return due.OrderByDescending(static d => d.Plan.IsLate).ThenByDescending(static d => d.Plan.DirtyRatio)
            .Select(static d => d.Log).FirstOrDefault(log => _running.TryAdd(log, true));
    }

    private void Clean(PartitionLog log, KeyOffsetMap map)
    {
        try
        {
            CleanResult result = log.Clean(map, _throttle, new Random(), _stop.Token);
            _metrics.Cleaned(result.BytesRead, result.BytesWritten, result.RecordsRemoved);
            Interlocked.Exchange(ref _lastPassMs, _timeProvider.GetUtcNow().ToUnixTimeMilliseconds());
        }
        catch (StorageException e) when (e.Error == StorageError.NoSpace)
        {
            // The log is as it was; the next round tries again.
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            if (IsServed(log) && !_directory.Fence.IsTripped)
            {
                _uncleanable[log] = e.Message;
            }
        }
    }

    /// <summary>False for the log of a topic that was deleted meanwhile.</summary>
    private bool IsServed(PartitionLog log)
    {
        bool isServed = _topics.TryGet(log.Id.Topic, out Topic? topic)
            && topic.Partitions.Count > log.Id.Partition && topic.Partitions[log.Id.Partition].Log.Opened == log;
        if (!isServed)
        {
            _uncleanable.TryRemove(log, out _);
        }

        return isServed;
    }
}
