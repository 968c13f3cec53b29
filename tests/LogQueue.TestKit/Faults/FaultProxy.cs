using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace LogQueue.TestKit.Faults;

/// <summary>
/// Stands between a client and a broker and breaks what a network breaks: cuts connections, loses answers, falls silent. Thread-safe.
/// </summary>
public sealed class FaultProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, bool> _sockets = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly string _host;
    private readonly int _port;
    private readonly Task _accepting;
    private long _cutAfterAnswerBytes = long.MaxValue;
    private volatile bool _isSilent;
    private volatile bool _refuses;

    private FaultProxy(string host, int port)
    {
        _host = host;
        _port = port;
        _listener.Start();
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>Where clients connect to.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Connections made through it so far.</summary>
    public int ConnectionCount { get; private set; }

    /// <summary>Swallows everything both ways while set, and keeps connections open.</summary>
    public bool IsSilent
    {
        get => _isSilent;
        set => _isSilent = value;
    }

    /// <summary>Closes every new connection at once while set.</summary>
    public bool Refuses
    {
        get => _refuses;
        set => _refuses = value;
    }

    /// <summary>Starts a proxy before a broker.</summary>
    public static FaultProxy Start(string host, int port) => new(host, port);

    /// <summary>
    /// Lets this many more bytes of answers through, then swallows the rest and cuts the connection: the broker did the work, the client does not know.
    /// </summary>
    public void CutAfterAnswerBytes(long bytes) => Interlocked.Exchange(ref _cutAfterAnswerBytes, bytes);

    /// <summary>Cuts all open connections.</summary>
    public void CutAll()
    {
        foreach (Socket socket in _sockets.Keys)
        {
            Close(socket);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        CutAll();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptSocketAsync(_stop.Token);
                ConnectionCount++;
                _ = ServeAsync(client);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The proxy closes.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        var broker = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        _sockets.TryAdd(client, true);
        _sockets.TryAdd(broker, true);
        try
        {
            if (!_refuses)
            {
                await broker.ConnectAsync(_host, _port, _stop.Token);
                await Task.WhenAny(PumpAsync(client, broker, isAnswer: false), PumpAsync(broker, client, isAnswer: true));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Either end is gone: both go.
        }
        finally
        {
            Close(client);
            Close(broker);
        }
    }

    private async Task PumpAsync(Socket from, Socket to, bool isAnswer)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer, SocketFlags.None, _stop.Token) is > 0 and int received)
            {
                if (_isSilent)
                {
                    continue;
                }

                if (isAnswer && Interlocked.Add(ref _cutAfterAnswerBytes, -received) < 0)
                {
                    Interlocked.Exchange(ref _cutAfterAnswerBytes, long.MaxValue);
                    return;
                }

                for (int sent = 0; sent < received;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, received - sent), SocketFlags.None, _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Either end is gone.
        }
    }

    private void Close(Socket socket)
    {
        _sockets.TryRemove(socket, out _);
        socket.Dispose();
    }
}
