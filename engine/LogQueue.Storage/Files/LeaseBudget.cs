namespace LogQueue.Storage.Files;

/// <summary>
/// Bounds how many resources (open files, maps) of a kind are open at once; idle ones that were not used lately are closed first.
/// Leased ones are never closed, so their number may exceed the bound for as long as the leases last. Files with unsynced writes are
/// leased until their sync; at most three quarters of the budget are, then the one that has waited longest is synced. Thread-safe.
/// </summary>
/// <param name="most">Most resources that stay open without a lease; asked again and again, for it may change.</param>
internal sealed class LeaseBudget(Func<int> most)
{
    /// <summary>Files that are synced for one that wants to be written; one is enough unless it is written meanwhile.</summary>
    private const int MostSyncs = 8;

    private readonly Lock _lock = new();
    private readonly LinkedList<LeasedResource> _open = [];
    private readonly LinkedList<WriteHandle> _unsynced = [];
    private int _limit = int.MaxValue;

    /// <summary>A budget that does not change.</summary>
    public LeaseBudget(int most)
        : this(() => most)
    {
    }

    /// <summary>Hears of a sync that failed while room was made: final for the directory, whoever needed the room.</summary>
    public Action<Exception>? SyncFailed { get; init; }

    /// <summary>Most resources that stay open without a lease.</summary>
    public int Most => Math.Min(_limit, Math.Max(1, most()));

    /// <summary>Most files with unsynced writes.</summary>
    public int MostUnsynced => Math.Max(1, (int)(Most * 3L / 4));

    /// <summary>Resources that are open now.</summary>
    public int OpenCount
    {
        get
        {
            lock (_lock)
            {
                return _open.Count;
            }
        }
    }

    /// <summary>The system refuses more: those that are open now are the most from here on.</summary>
    internal void LimitToOpen()
    {
        lock (_lock)
        {
            _limit = Math.Min(_limit, _open.Count);
        }
    }

    /// <summary>Files with unsynced writes.</summary>
    public int UnsyncedCount
    {
        get
        {
            lock (_lock)
            {
                return _unsynced.Count;
            }
        }
    }

    /// <summary>
    /// Called before a file is opened for writing: syncs those that have waited longest while there are too many unsynced ones. Some may be
    /// written again meanwhile, and then there is one too many for each thread that writes. Throws <see cref="StorageException"/> when a sync
    /// fails.
    /// </summary>
    public void MakeRoom()
    {
        for (int i = 0; i < MostSyncs; i++)
        {
            WriteHandle oldest;
            lock (_lock)
            {
                if (_unsynced.Count < MostUnsynced)
                {
                    return;
                }

                oldest = _unsynced.First!.Value;
                _unsynced.RemoveFirst();
                _unsynced.AddLast(oldest.BudgetNode); // who comes next takes another one
            }

            try
            {
                oldest.Sync();
                Synced(oldest); // another thread may have synced it, and not come to this
            }
            catch (StorageException e)
            {
                SyncFailed?.Invoke(e);
                throw;
            }
        }
    }

    /// <summary>Closes everything that is idle: something else could not be opened.</summary>
    public void CloseIdle()
    {
        lock (_lock)
        {
            SweepLocked(0, evenUsed: true);
        }
    }

    internal void Opened(LeasedResource resource)
    {
        lock (_lock)
        {
            if (resource.BudgetNode is not null)
            {
                return;
            }

            resource.BudgetNode = _open.AddLast(resource);
            SweepLocked(Most, evenUsed: false);
        }
    }

    internal void Closed(LeasedResource resource)
    {
        lock (_lock)
        {
            RemoveLocked(resource);
        }
    }

    internal void Written(WriteHandle handle)
    {
        lock (_lock)
        {
            if (handle.BudgetNode.List is null)
            {
                _unsynced.AddLast(handle.BudgetNode);
            }
        }
    }

    internal void Synced(WriteHandle handle)
    {
        lock (_lock)
        {
            if (handle.BudgetNode.List is not null && !handle.IsUnsynced) // else written again meanwhile
            {
                _unsynced.Remove(handle.BudgetNode);
            }
        }
    }

    private void SweepLocked(int most, bool evenUsed)
    {
        // Second chance: one that was used since the last sweep goes to the back of the queue, once.
        for (int steps = (evenUsed ? 1 : 2) * _open.Count; steps > 0 && _open.Count > most; steps--)
        {
            LeasedResource candidate = _open.First!.Value;
            _open.RemoveFirst();
            if (candidate.TryCloseIdle(evenUsed))
            {
                candidate.BudgetNode = null;
            }
            else
            {
                candidate.BudgetNode = _open.AddLast(candidate);
            }
        }
    }

    private void RemoveLocked(LeasedResource resource)
    {
        if (resource.BudgetNode is { } node)
        {
            _open.Remove(node);
            resource.BudgetNode = null;
        }
    }
}
