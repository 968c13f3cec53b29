using System.Diagnostics;
using LogQueue.Storage.Files;
using LogQueue.Storage.Journal;
using LogQueue.Storage.Partitions;

namespace LogQueue.Storage.Maintenance;

/// <summary>
/// The commit thread of one data directory. Everything written while one round syncs forms the next round: no artificial wait. A round
/// starts at once when somebody waits, else when enough bytes are unsynced or the oldest of them is old enough. After a failed sync nothing
/// is synced any more; whoever waits gets the error. Thread-safe.
/// </summary>
internal sealed class CommitLoop : ICommitLog, IDisposable
{
    /// <summary>A round waits at most the last round's time, divided by this, for those who were in the last round.</summary>
    private const int GatherShare = 2;

    private static readonly long MostGatherTicks = Stopwatch.Frequency / 4000;

    private readonly object _gate = new();
    private readonly CommitLoopOptions _options;
    private readonly DirectoryFence _fence;
    private readonly CommitJournal? _journal;
    private readonly ITimer _timer;
    private readonly Thread _thread;
    private readonly CommitRound _rounds;
    private readonly SyncWatch _watch;
    private List<PartitionLog> _dirty = [];
    private List<PartitionLog> _round = [];
    private long _unsyncedBytes;
    private long _roundBytes;
    private int _demands;
    private int _lastDemands;
    private long _lastRoundTicks;
    private bool _isTimerArmed;
    private bool _isDue;
    private bool _isStopping;

    /// <param name="options">Its bounds.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="fence">Trips at the first failed sync.</param>
    /// <param name="journal">Takes the small commits of a round; null to sync every file itself. The caller's to dispose.</param>
    public CommitLoop(CommitLoopOptions options, TimeProvider timeProvider, DirectoryFence fence, CommitJournal? journal = null)
    {
        _options = options;
        _journal = journal;
        _rounds = new CommitRound(options, fence, journal);
        _fence = fence;
        _watch = new SyncWatch(options, timeProvider, TickWaiters);
        _timer = timeProvider.CreateTimer(static loop => ((CommitLoop)loop!).Wake(), this, Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        _thread = new Thread(Run) { Name = "logqueue-commit", IsBackground = true };
    }

    /// <summary>Rounds so far.</summary>
    public long Rounds { get; private set; }

    /// <summary>Bytes written and not yet durable, those of a running round included.</summary>
    public long UnsyncedBytes => Interlocked.Read(ref _unsyncedBytes) + Interlocked.Read(ref _roundBytes);

    /// <summary>True while so much is unsynced that nobody should append more without a wait.</summary>
    public bool IsBehind => UnsyncedBytes > _options.MostUnsyncedBytes;

    /// <summary>Starts the thread.</summary>
    public void Start()
    {
        _watch.Start();
        _ = _fence.Tripped.ContinueWith(_ => Wake(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        _thread.Start();
    }

    public void Written(PartitionLog log, int bytes)
    {
        long unsynced = Interlocked.Add(ref _unsyncedBytes, bytes);
        bool isNew = Interlocked.Exchange(ref log.CommitQueued, 1) == 0;
        if (!isNew && unsynced < _options.FlushBytes)
        {
            return;
        }

        lock (_gate)
        {
            if (isNew)
            {
                _dirty.Add(log);
            }

            if (unsynced >= _options.FlushBytes)
            {
                SignalLocked();
            }
            else
            {
                ArmTimerLocked(log);
            }
        }
    }

    public void Demand(PartitionLog log)
    {
        lock (_gate)
        {
            if (Interlocked.Exchange(ref log.CommitQueued, 1) == 0)
            {
                _dirty.Add(log);
            }

            _demands++;
            SignalLocked();
        }
    }

    public void Forget(string directory) => _journal?.Forget(directory);

    /// <summary>Commits what is dirty and ends the thread.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_isStopping)
            {
                return;
            }

            _isStopping = true;
            Monitor.PulseAll(_gate);
        }

        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        _timer.Dispose();
        _watch.Dispose();
    }

    /// <summary>Gives up on those who have waited too long; the sync that they wait for goes on.</summary>
    private void TickWaiters(int mostTicks)
    {
        PartitionLog[] waited;
        lock (_gate)
        {
            waited = [.. _round, .. _dirty];
        }

        foreach (PartitionLog log in waited)
        {
            log.TickWaiters(mostTicks);
        }
    }

    private void Wake()
    {
        lock (_gate)
        {
            _isTimerArmed = false;
            SignalLocked();
        }
    }

    private void SignalLocked()
    {
        if (!_isDue)
        {
            _isDue = true;
            Monitor.Pulse(_gate);
        }
    }

    private void ArmTimerLocked(PartitionLog log)
    {
        if (!_isTimerArmed && !_isDue)
        {
            _isTimerArmed = true;
            _timer.Change(TimeSpan.FromMilliseconds(Math.Min(_options.FlushIntervalMs, log.Options.FlushMs)), Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>
    /// Those whom the last round released come back together: to begin with the first of them would make the others wait for a whole sync
    /// more. So the round waits for as many as the last one had, but no longer than a part of what a sync takes, 250 us at most; with one
    /// waiter, not at all.
    /// </summary>
    private void Gather()
    {
        long until = Stopwatch.GetTimestamp() + Math.Min(_lastRoundTicks / GatherShare, MostGatherTicks);
        while (_lastDemands > 1 && Volatile.Read(ref _demands) < _lastDemands && !_isStopping && Stopwatch.GetTimestamp() < until)
        {
            Thread.Yield();
        }
    }

    private void Run()
    {
        while (true)
        {
            bool isLast;
            lock (_gate)
            {
                while (!_isDue && !_isStopping)
                {
                    Monitor.Wait(_gate);
                }
            }

            Gather();
            lock (_gate)
            {
                isLast = _isStopping;
                _isDue = false;
                Interlocked.Exchange(ref _roundBytes, Interlocked.Exchange(ref _unsyncedBytes, 0));
                (_lastDemands, _demands) = (_demands, 0);
                (_round, _dirty) = (_dirty, _round);
                foreach (PartitionLog log in _round)
                {
                    Interlocked.Exchange(ref log.CommitQueued, 0); // before the sync: what is written from now on belongs to the next round
                }
            }

            RunRound();
            if (isLast)
            {
                return;
            }
        }
    }

    private void RunRound()
    {
        if (_round.Count > 0)
        {
            _watch.Begin();
            long started = Stopwatch.GetTimestamp();
            _rounds.Run(_round);
            _lastRoundTicks = Stopwatch.GetTimestamp() - started;
            _watch.End(_round.Count, Interlocked.Exchange(ref _roundBytes, 0));
            lock (_gate)
            {
                _round.Clear();
            }
        }

        Rounds++;
    }
}
