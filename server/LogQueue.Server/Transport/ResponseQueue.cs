using LogQueue.Server.Requests;

namespace LogQueue.Server.Transport;

/// <summary>
/// The responses of one connection in request order: finished ones wait for those before them. Sending runs on the thread that finds
/// the next response ready, so that a request answered at once is sent by the thread that received it. Thread-safe.
/// </summary>
internal sealed class ResponseQueue
{
    private const long MostQueuedBytes = 8 * 1024 * 1024;
    private const int GatheredFrameBytes = 16 * 1024;

    private readonly Lock _lock = new();
    private readonly Queue<Pending> _queue = new();
    private readonly SliceSender _sender;
    private readonly int _mostQueued;
    private readonly Action<Exception> _failed;
    private TaskCompletionSource? _room;
    private TaskCompletionSource? _drained;
    private long _queuedBytes;
    private bool _sending;
    private volatile bool _broken;

    /// <summary>Creates an empty queue.</summary>
    /// <param name="sender">Sends; used by one thread at a time.</param>
    /// <param name="mostQueued">Responses after which there is no room.</param>
    /// <param name="failed">Told once when a request or a send failed; later responses are dropped.</param>
    public ResponseQueue(SliceSender sender, int mostQueued, Action<Exception> failed)
    {
        _sender = sender;
        _mostQueued = mostQueued;
        _failed = failed;
    }

    /// <summary>Responses not sent yet.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _queue.Count + (_sending ? 1 : 0);
            }
        }
    }

    /// <summary>True when the queue takes another response.</summary>
    public bool HasRoom
    {
        get
        {
            lock (_lock)
            {
                return HasRoomLocked();
            }
        }
    }

    /// <summary>Adds a response that is there.</summary>
    public void Add(ResponseFrame? frame)
    {
        if (frame is not null)
        {
            AddPending(new Pending(frame, null));
        }
    }

    /// <summary>Adds a response that is still being worked on.</summary>
    public void Add(Task<ResponseFrame?> response) => AddPending(new Pending(null, response));

    /// <summary>Starts sending if nobody is.</summary>
    public void Kick()
    {
        lock (_lock)
        {
            if (_sending || _queue.Count == 0)
            {
                return;
            }

            _sending = true;
        }

        _ = SendAllAsync();
    }

    /// <summary>Waits until the queue takes another response.</summary>
    public Task WaitForRoomAsync()
    {
        lock (_lock)
        {
            if (HasRoomLocked())
            {
                return Task.CompletedTask;
            }

            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _room.Task;
        }
    }

    /// <summary>Waits until every response was sent or dropped.</summary>
    public Task DrainAsync()
    {
        Kick();
        lock (_lock)
        {
            if (!_sending && _queue.Count == 0)
            {
                return Task.CompletedTask;
            }

            _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _drained.Task;
        }
    }

    private void AddPending(Pending pending)
    {
        lock (_lock)
        {
            _queue.Enqueue(pending);
            _queuedBytes += pending.Frame?.Bytes.Length ?? 0;
        }
    }

    private async Task SendAllAsync()
    {
        while (TryTake(out Pending pending))
        {
            try
            {
                ResponseFrame? frame = pending.Frame;
                if (frame is null)
                {
                    if (!pending.Response!.IsCompleted && !_broken)
                    {
                        await _sender.FlushAsync();
                    }

                    frame = await pending.Response;
                }

                using (frame)
                {
                    if (!_broken)
                    {
                        await SendOneAsync(frame);
                    }
                }
            }
            catch (Exception e)
            {
                // Whatever it was, the order of responses cannot be kept any more: tell once, then drop the rest.
                Break(e);
            }
        }
    }

    private async ValueTask SendOneAsync(ResponseFrame? frame)
    {
        bool moreFollow = NextIsReady();
        if (frame is not null)
        {
            await _sender.SendAsync(frame, moreFollow && frame.TotalBytes <= GatheredFrameBytes);
        }
        else if (!moreFollow)
        {
            await _sender.FlushAsync();
        }
    }

    private void Break(Exception e)
    {
        if (!_broken)
        {
            _broken = true;
            _failed(e);
        }
    }

    private bool NextIsReady()
    {
        lock (_lock)
        {
            return _queue.TryPeek(out Pending next) && (next.Response is null || next.Response.IsCompleted);
        }
    }

    private bool TryTake(out Pending pending)
    {
        TaskCompletionSource? wake = null;
        bool taken;
        lock (_lock)
        {
            taken = _queue.TryDequeue(out pending);
            if (taken)
            {
                _queuedBytes -= pending.Frame?.Bytes.Length ?? 0;
                if (_room is not null && HasRoomLocked())
                {
                    (wake, _room) = (_room, null);
                }
            }
            else
            {
                _sending = false;
                (wake, _drained) = (_drained, null);
            }
        }

        wake?.SetResult();
        return taken;
    }

    private bool HasRoomLocked() => _broken || (_queue.Count < _mostQueued && _queuedBytes < MostQueuedBytes);

    private readonly record struct Pending(ResponseFrame? Frame, Task<ResponseFrame?>? Response);
}
