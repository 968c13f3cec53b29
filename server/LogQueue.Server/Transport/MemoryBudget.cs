namespace LogQueue.Server.Transport;

/// <summary>
/// Bytes that the requests of all connections may hold together. Taking more than is left waits until somebody gives back.
/// Thread-safe.
/// </summary>
internal sealed class MemoryBudget
{
    private readonly Lock _lock = new();
    private readonly LinkedList<(int Bytes, TaskCompletionSource Granted)> _waiting = [];
    private readonly long _mostBytes;
    private long _takenBytes;

    /// <summary>Creates a budget.</summary>
    /// <param name="mostBytes">Bytes that may be taken at once.</param>
    public MemoryBudget(long mostBytes) => _mostBytes = mostBytes;

    /// <summary>Bytes taken now.</summary>
    public long TakenBytes
    {
        get
        {
            lock (_lock)
            {
                return _takenBytes;
            }
        }
    }

    /// <summary>Takes <paramref name="bytes"/> if they are there and nobody waits.</summary>
    public bool TryTake(int bytes)
    {
        lock (_lock)
        {
            return TryTakeLocked(bytes, _waiting.Count == 0);
        }
    }

    /// <summary>Takes <paramref name="bytes"/>, in the order of asking.</summary>
    /// <exception cref="OperationCanceledException">Cancelled while it waited; nothing is taken.</exception>
    public async ValueTask TakeAsync(int bytes, CancellationToken cancellation)
    {
        LinkedListNode<(int Bytes, TaskCompletionSource Granted)> node;
        lock (_lock)
        {
            if (TryTakeLocked(bytes, _waiting.Count == 0))
            {
                return;
            }

            node = _waiting.AddLast((bytes, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
        }

        try
        {
            await node.Value.Granted.Task.WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            Withdraw(node);
            throw;
        }
    }

    /// <summary>Gives <paramref name="bytes"/> back.</summary>
    public void Release(int bytes)
    {
        lock (_lock)
        {
            _takenBytes -= bytes;
            GrantLocked();
        }
    }

    private void Withdraw(LinkedListNode<(int Bytes, TaskCompletionSource Granted)> node)
    {
        lock (_lock)
        {
            if (node.List is null)
            {
                _takenBytes -= node.Value.Bytes;
            }
            else
            {
                _waiting.Remove(node);
            }

            GrantLocked();
        }
    }

    private void GrantLocked()
    {
        while (_waiting.First is { } first && TryTakeLocked(first.Value.Bytes, mayTake: true))
        {
            _waiting.RemoveFirst();
            first.Value.Granted.SetResult();
        }
    }

    // A request larger than the whole budget goes through alone, or it would never go through.
    private bool TryTakeLocked(int bytes, bool mayTake)
    {
        if (!mayTake || (_takenBytes + bytes > _mostBytes && _takenBytes > 0))
        {
            return false;
        }

        _takenBytes += bytes;
        return true;
    }
}
