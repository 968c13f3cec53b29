namespace LogQueue.Client.Producing;

/// <summary>Bytes that records may occupy. Who finds none left waits in line. Thread-safe.</summary>
internal sealed class MemoryBudget(long limitBytes)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Claim> _line = new();
    private long _usedBytes;

    public long LimitBytes => limitBytes;

    public long UsedBytes => Volatile.Read(ref _usedBytes);

    /// <summary>Whether somebody waits: then nothing should linger.</summary>
    public bool HasWaiters { get; private set; }

    /// <summary>Takes the bytes if they are free and nobody is in line.</summary>
    public bool TryAcquire(int bytes)
    {
        lock (_lock)
        {
            if (HasWaiters || (_usedBytes > 0 && _usedBytes + bytes > limitBytes))
            {
                return false;
            }

            _usedBytes += bytes;
            return true;
        }
    }

    /// <summary>Takes the bytes, waiting in line for them.</summary>
    public async ValueTask AcquireAsync(int bytes, CancellationToken cancellationToken)
    {
        if (TryAcquire(bytes))
        {
            return;
        }

        var claim = new Claim(bytes);
        LinkedListNode<Claim> node;
        lock (_lock)
        {
            node = _line.AddLast(claim);
            HasWaiters = true;
            GrantLocked();
        }

        try
        {
            await claim.Granted.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            lock (_lock)
            {
                if (node.List is null)
                {
                    _usedBytes -= bytes;
                }
                else
                {
                    _line.Remove(node);
                }

                HasWaiters = _line.Count > 0;
                GrantLocked();
            }

            throw;
        }
    }

    /// <summary>Gives bytes back.</summary>
    public void Release(long bytes)
    {
        lock (_lock)
        {
            _usedBytes -= bytes;
            GrantLocked();
        }
    }

    private void GrantLocked()
    {
        while (_line.First is { } first && (_usedBytes == 0 || _usedBytes + first.Value.Bytes <= limitBytes))
        {
            _usedBytes += first.Value.Bytes;
            _line.RemoveFirst();
            first.Value.Granted.TrySetResult();
        }

        HasWaiters = _line.Count > 0;
    }

    private sealed record Claim(int Bytes)
    {
        public TaskCompletionSource Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
