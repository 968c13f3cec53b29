using System.Net.Sockets;
using LogQueue.Server.Requests;
using LogQueue.Wire;
using Microsoft.Extensions.Logging;

namespace LogQueue.Server.Transport;

/// <summary>
/// One client connection: receives frames, starts their requests in arrival order, sends responses in that order. What goes wrong
/// here closes this connection and no other. <see cref="Abort"/>, <see cref="BeginDrain"/> and <see cref="CloseIfStale"/> may be
/// called by any thread.
/// </summary>
internal sealed class Connection : IDisposable
{
    // A frame may take as long as a link of this speed needs, on top of the frame timeout.
    private const int SlowestBytesPerSecond = 64 * 1024;

    private const int KickAfter = 32;
    private static readonly TimeSpan LastResponses = TimeSpan.FromSeconds(5);

    private readonly Socket _socket;
    private readonly ServerOptions _options;
    private readonly RequestDispatcher _dispatcher;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _aborted;
    private readonly FrameReader _reader;
    private readonly SliceSender _sender;
    private readonly ResponseQueue _responses;
    private long _lastReceived;
    private long _frameStarted;
    private int _partialBytes;
    private int _closed;
    private volatile bool _draining;

    /// <summary>Takes over a connected, non-blocking socket.</summary>
    public Connection(
        Socket socket, ConnectionFacts facts, ServerOptions options, RequestDispatcher dispatcher, MemoryBudget budget, ILogger logger,
        CancellationToken stopping)
    {
        _socket = socket;
        Facts = facts;
        _options = options;
        _dispatcher = dispatcher;
        _logger = logger;
        _aborted = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _reader = new FrameReader(socket, budget, options.MaxRequestBytes, _aborted.Token);
        _sender = new SliceSender(socket, options.TimeProvider);
        _responses = new ResponseQueue(_sender, options.MaxQueuedRequests, Fail);
        _lastReceived = options.TimeProvider.GetTimestamp();
    }

    /// <summary>Who is on the other side.</summary>
    public ConnectionFacts Facts { get; }

    /// <summary>Serves the connection until it ends; never throws.</summary>
    public async Task RunAsync()
    {
        ServerLog.ConnectionOpened(_logger, Facts.Id, Facts.RemoteEndPoint);
        Exception? trouble = null;
        try
        {
            await ReceiveAllAsync();
        }
        catch (Exception e)
        {
            trouble = e;
        }

        await FinishAsync(trouble);
    }

    /// <summary>Closes the connection now; responses not sent yet are dropped.</summary>
    /// <param name="reason">Why, for the log; null when it is logged already.</param>
    public void Abort(string? reason)
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
        {
            return;
        }

        if (reason is not null)
        {
            ServerLog.ConnectionClosed(_logger, Facts.Id, Facts.RemoteEndPoint, reason);
        }

        _socket.Dispose();
        _ = _aborted.CancelAsync();
    }

    /// <summary>Takes no further requests; those received are answered, then the connection closes.</summary>
    public void BeginDrain()
    {
        _draining = true;
        try
        {
            _socket.Shutdown(SocketShutdown.Receive);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It is closed already: nothing is left to drain.
        }
    }

    /// <summary>Closes the connection when it is idle or stalled for longer than it may be.</summary>
    public void CloseIfStale()
    {
        TimeProvider time = _options.TimeProvider;
        int partial = Volatile.Read(ref _partialBytes);
        if (_sender.BlockedFor() > _options.SendStallTimeout)
        {
            Reject($"it took no bytes of a response for {_options.SendStallTimeout.TotalSeconds:0} s.");
        }
        else if (partial > 0 && time.GetElapsedTime(Volatile.Read(ref _frameStarted))
            > _options.FrameTimeout + TimeSpan.FromSeconds((double)partial / SlowestBytesPerSecond))
        {
            Reject($"a request was not complete in time; {partial} bytes of it arrived.");
        }
        else if (_responses.Count == 0 && time.GetElapsedTime(Volatile.Read(ref _lastReceived)) > _options.IdleTimeout)
        {
            Abort($"idle for {_options.IdleTimeout.TotalSeconds:0} s (connections.max.idle.ms).");
        }
    }

    /// <summary>Gives everything back; the end of <see cref="RunAsync"/> does it.</summary>
    public void Dispose()
    {
        _socket.Dispose();
        _reader.Dispose();
        _sender.Dispose();
        _aborted.Dispose();
    }

    private async Task ReceiveAllAsync()
    {
        while (true)
        {
            int started = 0;
            while (!_draining && _reader.TryTake(out Frame? frame))
            {
                Volatile.Write(ref _partialBytes, 0);
                ValueTask<ResponseFrame?> pending = _dispatcher.Dispatch(frame!, Facts, _aborted.Token, out bool runsAhead);
                if (pending.IsCompletedSuccessfully)
                {
                    _responses.Add(pending.Result);
                }
                else
                {
                    await FollowAsync(pending.AsTask(), runsAhead);
                }

                if (++started % KickAfter == 0 || !_responses.HasRoom)
                {
                    _responses.Kick();
                    await _responses.WaitForRoomAsync();
                }
            }

            _responses.Kick();
            if (_draining || !await ReceiveSomeAsync())
            {
                return;
            }
        }
    }

    private async ValueTask FollowAsync(Task<ResponseFrame?> response, bool runsAhead)
    {
        _responses.Add(response);
        if (!runsAhead)
        {
            _responses.Kick();

            // A failure is told by the queue, which awaits the same task.
            await ((Task)response).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async ValueTask<bool> ReceiveSomeAsync()
    {
        int partial = _reader.PartialBytes;
        if (partial == 0)
        {
            Volatile.Write(ref _partialBytes, 0);
        }
        else
        {
            if (_partialBytes == 0)
            {
                Volatile.Write(ref _frameStarted, _options.TimeProvider.GetTimestamp());
            }

            Volatile.Write(ref _partialBytes, partial);
        }

        bool open = await _reader.ReceiveAsync();
        Volatile.Write(ref _lastReceived, _options.TimeProvider.GetTimestamp());
        return open;
    }

    // The client is gone or must go: waits end, what is ready is still sent, then everything is given back.
    private async Task FinishAsync(Exception? trouble)
    {
        await _aborted.CancelAsync();
        Task drained = _responses.DrainAsync();
        try
        {
            await drained.WaitAsync(LastResponses, _options.TimeProvider);
        }
        catch (TimeoutException)
        {
            // A request that does not end, or a client that does not read: the socket goes first.
        }

        if (trouble is null)
        {
            Abort(_draining ? "the server stops." : "the client closed it.");
        }
        else
        {
            Fail(trouble);
        }

        await drained;
        Dispose();
    }

    private void Fail(Exception e)
    {
        switch (e)
        {
            case RequestRefusedException or FrameSizeException or WireFormatException:
                Reject(e.Message);
                break;
            case SocketException or ObjectDisposedException:
                Abort($"it was lost ({e.Message}).");
                break;
            case OperationCanceledException:
                Abort("a wait was cancelled.");
                break;
            default:
                if (Volatile.Read(ref _closed) == 0)
                {
                    ServerLog.RequestFailed(_logger, e, Facts.Id, Facts.RemoteEndPoint);
                }

                Abort(null);
                break;
        }
    }

    private void Reject(string reason)
    {
        if (Volatile.Read(ref _closed) == 0)
        {
            ServerLog.ConnectionRejected(_logger, Facts.Id, Facts.RemoteEndPoint, reason);
        }

        Abort(null);
    }
}
