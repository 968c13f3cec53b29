namespace LogQueue.Storage.Files;

/// <summary>
/// Bounds how many resources (open files, maps) of a kind are open at once; idle ones that were not used lately are closed first.
/// Leased ones are never closed, so their number may exceed the bound for as long as the leases last. Thread-safe.
/// </summary>
internal sealed class LeaseBudget(int most)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<LeasedResource> _open = [];

    /// <summary>Most resources that stay open without a lease.</summary>
    public int Most { get; private set; } = most;

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
            Most = Math.Min(Most, _open.Count);
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
            SweepLocked();
        }
    }

    internal void Closed(LeasedResource resource)
    {
        lock (_lock)
        {
            RemoveLocked(resource);
        }
    }

    private void SweepLocked()
    {
        // Second chance: one that was used since the last sweep goes to the back of the queue, once.
        for (int steps = 2 * _open.Count; steps > 0 && _open.Count > Most; steps--)
        {
            LeasedResource candidate = _open.First!.Value;
            _open.RemoveFirst();
            if (candidate.TryCloseIdle())
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
