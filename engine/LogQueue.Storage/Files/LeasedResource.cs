namespace LogQueue.Storage.Files;

/// <summary>
/// Something that is opened on demand, used under counted leases, closed when idle and the budget is short, and retired once:
/// what follows retirement (unlinking files) runs when the last lease ends. Thread-safe.
/// </summary>
internal abstract class LeasedResource(LeaseBudget budget)
{
    private readonly Lock _lock = new();
    private int _leases;
    private bool _isOpen;
    private bool _isRetired;
    private bool _used;
    private bool _isBarred;
    private Action? _whenIdle;

    internal LinkedListNode<LeasedResource>? BudgetNode { get; set; }

    /// <summary>Leases held now.</summary>
    internal int Leases
    {
        get
        {
            lock (_lock)
            {
                return _leases;
            }
        }
    }

    /// <summary>
    /// Takes a lease, opening the resource when needed; false when it is retired, or during <see cref="WhileClosed"/>. Throws what opening
    /// throws.
    /// </summary>
    internal bool TryAcquire()
    {
        bool opened = false;
        lock (_lock)
        {
            if (_isRetired || _isBarred)
            {
                return false;
            }

            if (!_isOpen)
            {
                OpenCore();
                _isOpen = true;
                opened = true;
            }

            _leases++;
            _used = true;
        }

        if (opened)
        {
            budget.Opened(this);
        }

        return true;
    }

    /// <summary>Ends a lease.</summary>
    internal void Release()
    {
        Action? whenIdle;
        lock (_lock)
        {
            if (--_leases < 0)
            {
                throw new InvalidOperationException("A lease was released twice.");
            }

            whenIdle = TakeIdleLocked();
        }

        Finish(whenIdle);
    }

    /// <summary>No new leases from now on; closes, and runs the action, when the last one ends (maybe at once).</summary>
    internal void Retire(Action? whenIdle = null)
    {
        Action? run;
        lock (_lock)
        {
            if (_isRetired)
            {
                return;
            }

            _isRetired = true;
            _whenIdle = whenIdle ?? (static () => { });
            run = TakeIdleLocked();
        }

        Finish(run);
    }

    /// <summary>
    /// Called by the budget: closes when idle and not used since the last sweep, or even then. True when it is closed now. Never waits: the
    /// budget calls it under its lock, and who opens this one may be waiting for the budget.
    /// </summary>
    internal bool TryCloseIdle(bool evenUsed)
    {
        if (!_lock.TryEnter())
        {
            return false;
        }

        try
        {
            if (!_isOpen)
            {
                return true;
            }

            if (_leases > 0 || (_used && !evenUsed))
            {
                _used = false;
                return false;
            }

            _isOpen = false;
            CloseCore();
            return true;
        }
        finally
        {
            _lock.Exit();
        }
    }

    /// <summary>Closes now if idle, to be opened again on demand (a map whose file grew).</summary>
    internal void CloseIfIdle()
    {
        lock (_lock)
        {
            if (!_isOpen || _leases > 0)
            {
                return;
            }

            _isOpen = false;
            CloseCore();
        }

        budget.Closed(this);
    }

    /// <summary>
    /// Waits for the leases that are held, which must be short, closes it, and runs something while nobody can take a lease.
    /// </summary>
    internal void WhileClosed(Action run)
    {
        var wait = default(SpinWait);
        for (bool isRun = false; !isRun; wait.SpinOnce())
        {
            lock (_lock)
            {
                _isBarred = true;
                if (_leases > 0)
                {
                    continue;
                }

                try
                {
                    CloseLocked();
                    run();
                }
                finally
                {
                    _isBarred = false;
                }

                isRun = true;
            }
        }

        budget.Closed(this);
    }

    /// <summary>Declares the resource open: its creator opened it, and holds the first lease.</summary>
    protected void AdoptOpen()
    {
        lock (_lock)
        {
            _isOpen = true;
            _leases = 1;
        }

        budget.Opened(this);
    }

    /// <summary>Opens it; under the lock.</summary>
    protected abstract void OpenCore();

    /// <summary>Closes it; under the lock.</summary>
    protected abstract void CloseCore();

    private Action? TakeIdleLocked()
    {
        if (!_isRetired || _leases > 0 || _whenIdle is null)
        {
            return null;
        }

        CloseLocked();
        Action run = _whenIdle;
        _whenIdle = null;
        return run;
    }

    private void CloseLocked()
    {
        if (_isOpen)
        {
            _isOpen = false;
            CloseCore();
        }
    }

    private void Finish(Action? whenIdle)
    {
        if (whenIdle is not null)
        {
            budget.Closed(this);
            whenIdle();
        }
    }
}
