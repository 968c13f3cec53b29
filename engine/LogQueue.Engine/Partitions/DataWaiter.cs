using System.Threading.Tasks.Sources;

namespace LogQueue.Engine.Partitions;

/// <summary>
/// Waits for new data in any of many partitions, without polling: watch them, read them, and wait when there was too little.
/// What arrives between watching and waiting is not missed. One waiter belongs to one task; the partitions may be written by any thread.
/// </summary>
/// <remarks>
/// A waiter may be used for many waits and, after <see cref="Clear"/>, for other partitions: then it allocates nothing.
/// While it watches, writes to its partitions are committed at once instead of at the next flush interval.
/// </remarks>
public sealed class DataWaiter : IDisposable
{
    private readonly Source _source;
    private readonly TimeProvider _timeProvider;
    private readonly List<WatcherList.Watch> _watches = [];
    private int _watchCount;
    private bool _disposed;

    /// <summary>Creates a waiter that watches nothing yet.</summary>
    /// <param name="timeProvider">The clock of its time-outs; null for the system's.</param>
    public DataWaiter(TimeProvider? timeProvider = null)
    {
        _timeProvider = timeProvider ?? TimeProvider.System;
        _source = new Source(_timeProvider);
    }

    /// <summary>Adds a partition; what moves its readable end from now on ends the wait. Watch first, then read.</summary>
    public void Watch(Partition partition)
    {
        ArgumentNullException.ThrowIfNull(partition);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_watchCount == _watches.Count)
        {
            _watches.Add(new WatcherList.Watch(this));
        }

        WatcherList.Watch watch = _watches[_watchCount++];
        watch.Partition = partition;
        partition.Watchers.Add(watch);
    }

    /// <summary>
    /// Waits until the high watermark or last stable offset of a watched partition moved since the last wait (true),
    /// or the time is over (false). True may come too often, never too seldom: read again after it.
    /// </summary>
    /// <param name="timeout">How long; <see cref="Timeout.InfiniteTimeSpan"/> for ever.</param>
    /// <param name="cancellationToken">Ends the wait with <see cref="OperationCanceledException"/>.</param>
    public ValueTask<bool> WaitAsync(TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<bool>(cancellationToken);
        }

        for (int i = 0; i < _watchCount; i++)
        {
            Partition partition = _watches[i].Partition!;
            if (partition.LogEndOffset > partition.HighWatermark)
            {
                partition.RequestCommit();
            }
        }

        return _source.WaitAsync(timeout, cancellationToken);
    }

    /// <summary>Watches nothing any more; the waiter may be used for other partitions.</summary>
    public void Clear()
    {
        for (int i = 0; i < _watchCount; i++)
        {
            WatcherList.Watch watch = _watches[i];
            watch.Partition!.Watchers.Remove(watch);
            watch.Partition = null;
        }

        _watchCount = 0;
        _source.Forget();
    }

    /// <summary>Watches nothing any more and frees the timer.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            Clear();
            _disposed = true;
            _source.Dispose();
        }
    }

    internal void Signal() => _source.Signal();

    /// <summary>One reusable wait. The gate guards who completes it: a signal, the timer or the token.</summary>
    private sealed class Source(TimeProvider timeProvider) : IValueTaskSource<bool>, IDisposable
    {
        // Timers hold 49 days at most; a longer wait is armed again.
        private static readonly TimeSpan LongestTimer = TimeSpan.FromDays(24);

        private readonly Lock _gate = new();
        private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
        private CancellationTokenRegistration _registration;
        private CancellationToken _token;
        private ITimer? _timer;
        private long _deadline;
        private bool _timed;
        private bool _signalled;
        private bool _waiting;

        public ValueTask<bool> WaitAsync(TimeSpan timeout, CancellationToken cancellationToken)
        {
            lock (_gate)
            {
                if (_waiting)
                {
                    throw new InvalidOperationException("This waiter waits already: use one waiter per task.");
                }

                if (_signalled)
                {
                    _signalled = false;
                    return ValueTask.FromResult(true);
                }

                if (timeout == TimeSpan.Zero)
                {
                    return ValueTask.FromResult(false);
                }

                _core.Reset();
                _waiting = true;
                _token = cancellationToken;
                _timed = timeout != Timeout.InfiniteTimeSpan;
                if (_timed)
                {
                    _deadline = timeProvider.GetTimestamp() + (long)(timeout.TotalSeconds * timeProvider.TimestampFrequency);
                }
            }

            // Outside the gate: both may call back at once. A wait that has ended by then ignores them.
            if (timeout != Timeout.InfiniteTimeSpan)
            {
                Arm(timeout);
            }

            _registration = cancellationToken.UnsafeRegister(static state => ((Source)state!).Cancel(), this);
            return new ValueTask<bool>(this, _core.Version);
        }

        public void Signal()
        {
            lock (_gate)
            {
                if (!_waiting)
                {
                    _signalled = true;
                    return;
                }

                _waiting = false;
            }

            _core.SetResult(true);
        }

        public void Forget()
        {
            lock (_gate)
            {
                _signalled = false;
            }
        }

        public void Dispose() => _timer?.Dispose();

        bool IValueTaskSource<bool>.GetResult(short token)
        {
            _registration.Unregister();
            _registration = default;
            _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return _core.GetResult(token);
        }

        ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _core.GetStatus(token);

        void IValueTaskSource<bool>.OnCompleted(
            Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _core.OnCompleted(continuation, state, token, flags);

        private void Arm(TimeSpan timeout)
        {
            // Made unarmed: its callback must find the field set.
            _timer ??= timeProvider.CreateTimer(
                static state => ((Source)state!).TimeOut(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(timeout < LongestTimer ? timeout : LongestTimer, Timeout.InfiniteTimeSpan);
        }

        private void TimeOut()
        {
            lock (_gate)
            {
                if (!_waiting || !_timed)
                {
                    return;
                }

                long left = _deadline - timeProvider.GetTimestamp();
                if (left > 0)
                {
                    // Too early by the clock's grain, or the timer of an earlier wait: the wait goes on.
                    Arm(TimeSpan.FromMilliseconds(1 + (left * 1000.0 / timeProvider.TimestampFrequency)));
                    return;
                }

                _waiting = false;
            }

            _core.SetResult(false);
        }

        private void Cancel()
        {
            CancellationToken token;
            lock (_gate)
            {
                // A late callback of an earlier wait's token must not end this one.
                if (!_waiting || !_token.IsCancellationRequested)
                {
                    return;
                }

                _waiting = false;
                token = _token;
            }

            _core.SetException(new OperationCanceledException(token));
        }
    }
}
