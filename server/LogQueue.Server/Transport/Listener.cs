using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using LogQueue.Engine;
using LogQueue.Server.Requests;
using Microsoft.Extensions.Logging;

namespace LogQueue.Server.Transport;

/// <summary>
/// Accepts connections on one port, within the limits, and watches them. Thread-safe.
/// </summary>
internal sealed class Listener : IAsyncDisposable
{
    private const int RetryAcceptMs = 100;
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    private readonly ServerOptions _options;
    private readonly OpenFileLimits _files;
    private readonly ILogger _logger;
    private readonly ServerMetrics _metrics;
    private readonly ConcurrentDictionary<long, (Connection Connection, Task Run)> _connections = new();
    private readonly ConcurrentDictionary<IPAddress, int> _perAddress = new();
    private readonly MemoryBudget _budget;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Socket _socket;
    private RequestDispatcher? _dispatcher;
    private ITimer? _watch;
    private Task _accepting = Task.CompletedTask;
    private long _lastId;
    private int _open;

    private Listener(Socket socket, ServerOptions options, OpenFileLimits files, MemoryBudget budget, ServerMetrics metrics, ILogger logger)
    {
        _socket = socket;
        _options = options;
        _files = files;
        _budget = budget;
        _metrics = metrics;
        _logger = logger;
        EndPoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    /// <summary>Where it listens, with the real port.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Connections open now.</summary>
    public int ConnectionCount => Volatile.Read(ref _open);

    /// <summary>Cancelled when the server begins to stop.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Binds the port; connections wait until <see cref="Start"/>.</summary>
    /// <exception cref="ServerStartException">The address is taken, unknown or not allowed.</exception>
    public static async Task<Listener> BindAsync(
        ServerOptions options, OpenFileLimits files, MemoryBudget budget, ServerMetrics metrics, ILogger logger,
        CancellationToken cancellation)
    {
        IPAddress address = await ResolveAsync(options.Host, cancellation);
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            socket.Bind(new IPEndPoint(address, options.Port));
            socket.Listen(options.ListenBacklog);
            return new Listener(socket, options, files, budget, metrics, logger);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            string place = $"{options.Host}:{options.Port}";
            throw new ServerStartException(
                e.SocketErrorCode switch
                {
                    SocketError.AddressAlreadyInUse =>
                        $"Cannot listen on {place}: the port is taken. Stop what uses it, or choose another port (0 takes a free one).",
                    SocketError.AccessDenied =>
                        $"Cannot listen on {place}: permission denied. Ports below 1024 need a privilege; choose a higher one.",
                    SocketError.AddressNotAvailable =>
                        $"Cannot listen on {place}: this machine has no such address. Use 127.0.0.1 or 0.0.0.0.",
                    _ => $"Cannot listen on {place}: {e.Message}.",
                },
                e);
        }
    }

    /// <summary>Begins to accept.</summary>
    public void Start(RequestDispatcher dispatcher)
    {
        _dispatcher = dispatcher;
        _accepting = AcceptAllAsync();
        _watch = _options.TimeProvider.CreateTimer(_ => CloseStale(), null, WatchInterval, WatchInterval);
    }

    /// <summary>
    /// Stops accepting, lets connections answer what they received for at most <paramref name="drain"/>. Returns how many were cut
    /// off.
    /// </summary>
    public async Task<int> StopAsync(TimeSpan drain)
    {
        _socket.Dispose();
        await _accepting;
        await _stopping.CancelAsync();
        (Connection Connection, Task Run)[] open = [.. _connections.Values];
        ServerLog.Draining(_logger, open.Length);
        foreach ((Connection connection, _) in open)
        {
            connection.BeginDrain();
        }

        Task all = Task.WhenAll(open.Select(static c => c.Run));
        try
        {
            await all.WaitAsync(drain, _options.TimeProvider);
        }
        catch (TimeoutException)
        {
            // The time is over: what is still open is cut off below.
        }

        int aborted = open.Count(static c => !c.Run.IsCompleted);
        foreach ((Connection connection, _) in open)
        {
            connection.Abort("the server stopped.");
        }

        await all;
        return aborted;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        if (_watch is not null)
        {
            await _watch.DisposeAsync();
        }

        _stopping.Dispose();
    }

    private static async Task<IPAddress> ResolveAsync(string host, CancellationToken cancellation)
    {
        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            return address;
        }

        try
        {
            IPAddress[] found = await Dns.GetHostAddressesAsync(host, cancellation);
            return found.FirstOrDefault(static a => a.AddressFamily == AddressFamily.InterNetwork) ?? found[0];
        }
        catch (Exception e) when (e is SocketException or IndexOutOfRangeException)
        {
            throw new ServerStartException(
                $"Cannot listen on '{host}': no such host. Name an address of this machine, such as 127.0.0.1.", e);
        }
    }

    private async Task AcceptAllAsync()
    {
        while (true)
        {
            try
            {
                Open(await _socket.AcceptAsync());
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.OperationAborted or SocketError.Interrupted)
            {
                return;
            }
            catch (SocketException e)
            {
                // Too many open files and the like: existing connections go on, and accepting is tried again.
                ServerLog.AcceptFailed(_logger, e.Message, RetryAcceptMs);
                await Task.Delay(TimeSpan.FromMilliseconds(RetryAcceptMs), _options.TimeProvider);
            }
        }
    }

    private void Open(Socket socket)
    {
        IPEndPoint? remote = null;
        try
        {
            remote = socket.RemoteEndPoint as IPEndPoint;
            if (Limit(socket, remote) is { } limit)
            {
                _metrics.ConnectionRefused();
                ServerLog.ConnectionRefused(_logger, remote, limit);
                socket.Dispose();
                return;
            }

            Configure(socket);
        }
        catch (SocketException)
        {
            // The client was gone before we looked: nothing to serve.
            socket.Dispose();
            return;
        }

        var facts = new ConnectionFacts
        {
            Id = Interlocked.Increment(ref _lastId),
            RemoteEndPoint = remote,
            LocalEndPoint = socket.LocalEndPoint as IPEndPoint,
        };
        var connection = new Connection(socket, facts, _options, _dispatcher!, _budget, _logger, _stopping.Token);
        Interlocked.Increment(ref _open);
        _perAddress.AddOrUpdate(AddressOf(remote), 1, static (_, count) => count + 1);
        _metrics.ConnectionAccepted();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _connections[facts.Id] = (connection, RunAsync(connection, started.Task));
        started.SetResult();
    }

    private async Task RunAsync(Connection connection, Task listed)
    {
        await listed;
        await connection.RunAsync();
        Interlocked.Decrement(ref _open);
        IPAddress address = AddressOf(connection.Facts.RemoteEndPoint);
        if (_perAddress.AddOrUpdate(address, 0, static (_, count) => count - 1) <= 0)
        {
            _perAddress.TryRemove(new KeyValuePair<IPAddress, int>(address, 0));
        }

        _connections.TryRemove(connection.Facts.Id, out _);
    }

    private string? Limit(Socket socket, IPEndPoint? remote)
    {
        if (ConnectionCount >= _options.MaxConnections)
        {
            return $"{_options.MaxConnections} connections are open (max.connections).";
        }

        if (_files.MostConnections > 0 && ConnectionCount >= _files.MostConnections)
        {
            return $"{ConnectionCount} connections are open, and the limit of {_files.Limit} open files leaves room for no more: raise it "
                + "(ulimit -n, LimitNOFILE).";
        }

        // The system gives the lowest free number: all below it are open. The runtime must find some free.
        if (socket.Handle >= _files.Limit - (_files.Reserve / 2))
        {
            return $"{socket.Handle} of at most {_files.Limit} files are open: raise the limit (ulimit -n, LimitNOFILE).";
        }

        return _perAddress.TryGetValue(AddressOf(remote), out int count) && count >= _options.MaxConnectionsPerAddress
            ? $"{count} connections are open from this address (max.connections.per.ip)."
            : null;
    }

    private void Configure(Socket socket)
    {
        socket.Blocking = false;
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        if (_options.SendBufferBytes > 0)
        {
            socket.SendBufferSize = _options.SendBufferBytes;
        }

        if (_options.ReceiveBufferBytes > 0)
        {
            socket.ReceiveBufferSize = _options.ReceiveBufferBytes;
        }
    }

    private static IPAddress AddressOf(IPEndPoint? remote) => remote?.Address ?? IPAddress.None;

    private void CloseStale()
    {
        foreach ((Connection connection, _) in _connections.Values)
        {
            connection.CloseIfStale();
        }
    }
}
