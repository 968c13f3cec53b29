using System.Threading.Tasks.Sources;

namespace LogQueue.Storage.Partitions;

/// <summary>Those who wait until an offset is durable. Waiting allocates nothing at steady state. Thread-safe.</summary>
internal sealed class DurableWaiters
{
    private const int MostPooled = 64;

    private readonly Lock _lock = new();
    private readonly List<Waiter> _waiting = [];
    private readonly Stack<Waiter> _pool = new();
    private long _durableEnd;
    private Exception? _failure;

    /// <summary>Everything below it is durable.</summary>
    public long DurableEnd => Volatile.Read(ref _durableEnd);

    /// <summary>True while somebody waits.</summary>
    public bool HasWaiters
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count > 0;
            }
        }
    }

    /// <summary>Completes when the offset is durable.</summary>
    public ValueTask WaitAsync(long endOffset, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_durableEnd >= endOffset)
            {
                return default;
            }

            if (_failure is not null)
            {
                return ValueTask.FromException(_failure);
            }

            Waiter waiter = _pool.Count > 0 ? _pool.Pop() : new Waiter(this);
            _waiting.Add(waiter);
            return waiter.Start(endOffset, cancellationToken);
        }
    }

    /// <summary>Publishes a new durable end and completes those who waited for it; continuations run elsewhere.</summary>
    public void Advance(long durableEnd)
    {
        Waiter? taken;
        lock (_lock)
        {
            if (durableEnd > _durableEnd)
            {
                Volatile.Write(ref _durableEnd, durableEnd);
            }

            taken = TakeLocked(w => w.EndOffset <= _durableEnd);
        }

        Complete(taken, null);
    }

    /// <summary>The log was cut: the durable end goes back, and those who wait past it hear so.</summary>
    public void CutTo(long endOffset, Exception reason)
    {
        Waiter? taken;
        lock (_lock)
        {
            Volatile.Write(ref _durableEnd, Math.Min(_durableEnd, endOffset));
            taken = TakeLocked(w => w.EndOffset > endOffset);
        }

        Complete(taken, reason);
    }

    /// <summary>Nothing will be durable any more: fails all who wait, now and later.</summary>
    public void Fail(Exception failure)
    {
        Waiter? taken;
        lock (_lock)
        {
            _failure ??= failure;
            taken = TakeLocked(static _ => true);
        }

        Complete(taken, _failure);
    }

    /// <summary>One more interval has passed: fails those who have waited for more than that many.</summary>
    public void Tick(int mostTicks, Func<Exception> failure)
    {
        Waiter? taken;
        lock (_lock)
        {
            taken = TakeLocked(w => ++w.Ticks > mostTicks);
        }

        if (taken is not null)
        {
            Complete(taken, failure());
        }
    }

    /// <summary>Takes the matching ones out of the list, in their order.</summary>
    private Waiter? TakeLocked(Predicate<Waiter> match)
    {
        Waiter? first = null;
        Waiter? last = null;
        int kept = 0;
        for (int i = 0; i < _waiting.Count; i++)
        {
            Waiter waiter = _waiting[i];
            if (!match(waiter) && !waiter.IsCompleted)
            {
                _waiting[kept++] = waiter;
                continue;
            }

            _ = last is null ? first = waiter : last.Next = waiter;
            last = waiter;
        }

        _waiting.RemoveRange(kept, _waiting.Count - kept);
        return first;
    }

    /// <summary>Outside the lock: who is completed first comes back for it while the others still wait.</summary>
    private static void Complete(Waiter? taken, Exception? failure)
    {
        while (taken is not null)
        {
            Waiter next = taken;
            taken = next.Next; // before it is completed: from then on it may be in use again
            next.Next = null;
            next.Complete(failure);
        }
    }

    private void Return(Waiter waiter)
    {
        lock (_lock)
        {
            if (_pool.Count < MostPooled)
            {
                _pool.Push(waiter);
            }
        }
    }

    private sealed class Waiter(DurableWaiters owner) : IValueTaskSource
    {
        private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
        private CancellationTokenRegistration _cancellation;
        private int _completed;
        private bool _wasCancelled;

        public long EndOffset { get; private set; }

        /// <summary>The one that is completed after it.</summary>
        public Waiter? Next { get; set; }

        /// <summary>Intervals waited.</summary>
        public int Ticks { get; set; }

        public bool IsCompleted => Volatile.Read(ref _completed) != 0;

        public ValueTask Start(long endOffset, CancellationToken cancellationToken)
        {
            EndOffset = endOffset;
            _core.Reset();
            _completed = 0;
            Ticks = 0;
            _wasCancelled = false;
            short version = _core.Version;
            if (cancellationToken.CanBeCanceled)
            {
                _cancellation = cancellationToken.UnsafeRegister(static (state, token) => ((Waiter)state!).Cancel(token), this);
            }

            return new ValueTask(this, version);
        }

        public void Complete(Exception? failure)
        {
            if (Interlocked.Exchange(ref _completed, 1) != 0)
            {
                return;
            }

            if (failure is null)
            {
                _core.SetResult(true);
            }
            else
            {
                _core.SetException(failure);
            }
        }

        public void GetResult(short token)
        {
            bool reusable = !_wasCancelled; // a cancelled one is still in the list
            try
            {
                _core.GetResult(token);
            }
            finally
            {
                // Unregister waits for a callback that is running, so no late cancel can reach the next use.
                _cancellation.Dispose();
                _cancellation = default;
                if (reusable)
                {
                    owner.Return(this);
                }
            }
        }

        public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _core.OnCompleted(continuation, state, token, flags);

        private void Cancel(CancellationToken token)
        {
            if (Interlocked.Exchange(ref _completed, 1) == 0)
            {
                _wasCancelled = true;
                _core.SetException(new OperationCanceledException(token));
            }
        }
    }
}
