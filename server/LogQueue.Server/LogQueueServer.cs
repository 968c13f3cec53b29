using System.Net;
using LogQueue.Engine;
using LogQueue.Server.Groups;
using LogQueue.Server.Requests;
using LogQueue.Server.Transport;
using Microsoft.Extensions.Logging;

namespace LogQueue.Server;

/// <summary>A broker: serves an engine over the Kafka wire protocol on one TCP port. Thread-safe.</summary>
public sealed class LogQueueServer : IAsyncDisposable
{
    private const int MemoryShare = 4;

    private readonly Listener _listener;
    private readonly Broker _broker;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private Task? _stopped;

    private LogQueueServer(Listener listener, Broker broker, ILogger logger)
    {
        _listener = listener;
        _broker = broker;
        _logger = logger;
    }

    /// <summary>Where the server listens, with the real port.</summary>
    public IPEndPoint EndPoint => _listener.EndPoint;

    /// <summary>The port the server listens on.</summary>
    public int Port => EndPoint.Port;

    /// <summary>Where clients reach the server, as <c>host:port</c>.</summary>
    public string AdvertisedAddress => $"{_broker.Options.AdvertisedHost ?? ReachableHost()}:{_broker.AdvertisedPort}";

    /// <summary>Connections open now.</summary>
    public int ConnectionCount => _listener.ConnectionCount;

    /// <summary>Requests answered since the start.</summary>
    public long RequestCount => _broker.Metrics.RequestCount;

    /// <summary>Listens and serves. The engine stays the caller's: stopping the server does not close it.</summary>
    /// <exception cref="ArgumentException">An option makes no sense; the message names every one.</exception>
    /// <exception cref="ServerStartException">The address cannot be listened on; the message says why and what to do.</exception>
    public static async Task<LogQueueServer> StartAsync(ServerOptions options, LogEngine engine, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(engine);
        if (options.Validate() is { Count: > 0 } problems)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, problems), nameof(options));
        }

        ILogger logger = options.LoggerFactory.CreateLogger("LogQueue.Server");
        long budgetBytes = options.MaxQueuedRequestBytes > 0
            ? options.MaxQueuedRequestBytes
            : Math.Max(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / MemoryShare, options.MaxRequestBytes);
        var budget = new MemoryBudget(budgetBytes);
        Listener? listener = null;
        var metrics = new ServerMetrics(() => listener?.ConnectionCount ?? 0, () => budget.TakenBytes);
        try
        {
            listener = await Listener.BindAsync(options, engine.OpenFiles, budget, metrics, logger, cancellation);
            var broker = new Broker
            {
                Engine = engine,
                Options = options,
                Port = listener.EndPoint.Port,
                Groups = new GroupCoordinator(
                    engine, OptionsOfGroups(options), options.TimeProvider, options.LoggerFactory.CreateLogger("LogQueue.Server.Groups")),
                Metrics = metrics,
                Logger = logger,
            };
            broker.Groups.Start();
            var server = new LogQueueServer(listener, broker, logger);
            listener.Start(new RequestDispatcher(new HandlerTable(broker), metrics, options.TimeProvider));
            ServerLog.Listening(logger, listener.EndPoint, server.AdvertisedAddress);
            return server;
        }
        catch
        {
            metrics.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Stops accepting, lets requests in progress finish for at most <paramref name="drain"/>, then closes every connection.
    /// Long polls are answered at once. A second call waits for the first.
    /// </summary>
    public Task StopAsync(TimeSpan drain)
    {
        lock (_lock)
        {
            return _stopped ??= StopOnceAsync(drain);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync(TimeSpan.FromSeconds(1));

    private async Task StopOnceAsync(TimeSpan drain)
    {
        await Task.Yield();
        int aborted = await _listener.StopAsync(drain);
        await _listener.DisposeAsync();
        await _broker.Groups.DisposeAsync();
        _broker.Metrics.Dispose();
        ServerLog.Stopped(_logger, _broker.Metrics.RequestCount, aborted);
    }

    private static GroupOptions OptionsOfGroups(ServerOptions options) => new()
    {
        InitialRebalanceDelayMs = options.GroupInitialRebalanceDelayMs,
        MinSessionTimeoutMs = options.GroupMinSessionTimeoutMs,
        MaxSessionTimeoutMs = options.GroupMaxSessionTimeoutMs,
        MaxGroupSize = options.GroupMaxSize,
        OffsetMetadataMaxBytes = options.OffsetMetadataMaxBytes,
        OffsetsRetentionMinutes = (int)options.OffsetsRetention.TotalMinutes,
    };

    private string ReachableHost() => EndPoint.Address switch
    {
        var any when any.Equals(IPAddress.Any) || any.Equals(IPAddress.IPv6Any) => "127.0.0.1",
        { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6 } six => $"[{six}]",
        var address => address.ToString(),
    };
}
