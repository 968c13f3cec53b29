namespace LogQueue.Storage.Files;

/// <summary>
/// The writing side of a leased file. From the first write to the sync that covers the last one it holds a lease, so that the handle stays
/// open: Linux reports a write that failed later to the handles that were open then, and a sync of a handle opened afterwards may succeed.
/// Between, the budget may close the file, and the next write opens it again. One writer at a time, and nobody closes it meanwhile; syncs
/// come from any thread.
/// </summary>
internal sealed class WriteHandle
{
    private const long Held = 1;
    private const long Ended = 2;
    private const long Step = 4;

    private readonly LeasedFile _file;
    private readonly LeaseBudget _budget;
    private LinkedListNode<WriteHandle>? _budgetNode;

    /// <summary>
    /// Held and Ended, and above them how often a write began or ended: odd while one runs. A sync lets the lease go only if this is what
    /// it was before the sync, and no write ran.
    /// </summary>
    private long _state;

    /// <param name="file">The file.</param>
    /// <param name="budget">Its budget.</param>
    /// <param name="isHeld">
    /// True: the file is open, with a lease that is now this handle's, and what was written to it is not known to be durable.
    /// </param>
    public WriteHandle(LeasedFile file, LeaseBudget budget, bool isHeld)
    {
        _file = file;
        _budget = budget;
        _state = isHeld ? Held : 0;
    }

    /// <summary>The file that is written.</summary>
    public LeasedFile File => _file;

    /// <summary>True while something may have been written that no sync covers.</summary>
    public bool IsUnsynced => (Volatile.Read(ref _state) & Held) != 0;

    internal LinkedListNode<WriteHandle> BudgetNode => _budgetNode ??= new LinkedListNode<WriteHandle>(this);

    /// <summary>
    /// Before each write, allocation or cut; <see cref="Done"/> follows. Throws <see cref="StorageException"/> when the file cannot be opened
    /// for writing: nothing is to follow then.
    /// </summary>
    public IStorageFile Begin()
    {
        if ((Interlocked.Add(ref _state, Step) & (Held | Ended)) != Held)
        {
            Hold();
        }

        return _file.File;
    }

    /// <summary>After the write, whatever became of it.</summary>
    public void Done() => Volatile.Write(ref _state, _state + Step); // only the writer changes it while a write runs

    /// <summary>
    /// fdatasync, if anything may be unsynced. A failure is final for the directory: the caller fences it and never syncs it again.
    /// </summary>
    public void Sync()
    {
        long before = Volatile.Read(ref _state);
        if ((before & Held) == 0 || !_file.TryAcquire())
        {
            return; // synced before, or closed
        }

        try
        {
            SyncUnlessClosed();
            if ((before & Step) == 0 && Interlocked.CompareExchange(ref _state, before & ~Held, before) == before)
            {
                LetGo();
            }
        }
        finally
        {
            _file.Release();
        }
    }

    /// <summary>Recovery is over: what it did not write is durable, the rest counts as unsynced from now on.</summary>
    public void EndRecovery()
    {
        if (Interlocked.CompareExchange(ref _state, 0, Held) == Held)
        {
            LetGo();
        }
        else if (IsUnsynced)
        {
            _budget.Written(this);
        }
    }

    /// <summary>Ends it, synced or not. Idempotent; the file itself is its owner's to retire.</summary>
    public void Close()
    {
        long before;
        do
        {
            before = Volatile.Read(ref _state);
        }
        while (Interlocked.CompareExchange(ref _state, (before | Ended) & ~Held, before) != before);
        if ((before & Held) != 0)
        {
            LetGo();
        }
    }

    private void SyncUnlessClosed()
    {
        try
        {
            _file.File.DataSync();
        }
        catch (StorageException e) when (e.Error == StorageError.NotFound && (Volatile.Read(ref _state) & Ended) != 0)
        {
            // Its owner removed the file meanwhile.
        }
    }

    private void Hold()
    {
        try
        {
            if ((_state & Ended) != 0)
            {
                throw new InvalidOperationException($"'{_file.Path}' takes no writes any more.");
            }

            _budget.MakeRoom();
            if (!_file.TryAcquire())
            {
                throw new InvalidOperationException($"'{_file.Path}' is closed.");
            }

            if (_file.WhyReadOnly is { } why)
            {
                _file.Release();
                throw why;
            }

            Interlocked.Or(ref _state, Held);
            _budget.Written(this);
        }
        catch
        {
            Done();
            throw;
        }
    }

    private void LetGo()
    {
        _budget.Synced(this);
        _file.Release();
    }
}
