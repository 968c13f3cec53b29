using System.Diagnostics.CodeAnalysis;

namespace LogQueue.Client.Connections;

/// <summary>The unanswered requests of one connection in the order in which they were sent. Thread-safe.</summary>
internal sealed class PendingQueue
{
    private readonly Lock _lock = new();
    private readonly Queue<PendingRequest> _queue = new();
    private bool _isClosed;

    /// <summary>The one whose answer comes next.</summary>
    public PendingRequest? Oldest
    {
        get
        {
            lock (_lock)
            {
                return _queue.TryPeek(out PendingRequest? oldest) ? oldest : null;
            }
        }
    }

    /// <summary>False once closed.</summary>
    public bool TryAdd(PendingRequest request)
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                return false;
            }

            _queue.Enqueue(request);
            return true;
        }
    }

    public bool TryTake([NotNullWhen(true)] out PendingRequest? request)
    {
        lock (_lock)
        {
            return _queue.TryDequeue(out request);
        }
    }

    /// <summary>Takes no more and hands over what is left.</summary>
    public PendingRequest[] Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            PendingRequest[] left = [.. _queue];
            _queue.Clear();
            return left;
        }
    }
}
