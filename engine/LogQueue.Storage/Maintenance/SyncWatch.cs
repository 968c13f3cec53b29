namespace LogQueue.Storage.Maintenance;

/// <summary>
/// Watches the commit rounds of one directory: measures each, says when one is slow while it still runs, and has those given up who wait
/// too long for it. <see cref="Begin"/> and <see cref="End"/> are for one thread; the timer is its own.
/// </summary>
internal sealed class SyncWatch : IDisposable
{
    private const int TicksPerLimit = 30;

    private readonly CommitLoopOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly Action<int> _tickWaiters;
    private readonly Lock _lock = new();
    private readonly ITimer _timer;
    private long _started;
    private bool _isRunning;
    private bool _isTold;

    /// <param name="options">Its bounds and who hears of what.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="tickWaiters">Called at an interval while a round runs, with the number of intervals that a wait may last.</param>
    public SyncWatch(CommitLoopOptions options, TimeProvider timeProvider, Action<int> tickWaiters)
    {
        _options = options;
        _timeProvider = timeProvider;
        _tickWaiters = tickWaiters;
        _timer = timeProvider.CreateTimer(static watch => ((SyncWatch)watch!).Tick(), this, Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
    }

    /// <summary>Starts the timer.</summary>
    public void Start()
    {
        TimeSpan interval = _options.WaitLimit / TicksPerLimit;
        _timer.Change(interval, interval);
    }

    /// <summary>A round starts.</summary>
    public void Begin()
    {
        lock (_lock)
        {
            _started = _timeProvider.GetTimestamp();
            _isRunning = true;
            _isTold = false;
        }
    }

    /// <summary>It has ended.</summary>
    public void End(int logCount, long bytes)
    {
        TimeSpan took;
        bool isSlow;
        lock (_lock)
        {
            _isRunning = false;
            took = _timeProvider.GetElapsedTime(_started);
            isSlow = _isTold || took >= _options.SlowAfter;
        }

        _options.Synced?.Invoke(logCount, bytes, took);
        if (isSlow)
        {
            _options.SlowSync?.Invoke(took, true);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Tick()
    {
        TimeSpan took;
        bool tell;
        lock (_lock)
        {
            if (!_isRunning)
            {
                return;
            }

            took = _timeProvider.GetElapsedTime(_started);
            tell = !_isTold && took >= _options.SlowAfter;
            _isTold |= tell;
        }

        if (tell)
        {
            _options.SlowSync?.Invoke(took, false);
        }

        _tickWaiters(TicksPerLimit);
    }
}
