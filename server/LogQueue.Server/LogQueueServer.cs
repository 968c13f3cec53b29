using System.Net;
using LogQueue.Engine;

namespace LogQueue.Server;

/// <summary>A broker: serves an engine over the Kafka wire protocol on one TCP port. Thread-safe.</summary>
public sealed class LogQueueServer : IAsyncDisposable
{
    private LogQueueServer()
    {
    }

    /// <summary>Where the server listens, with the real port.</summary>
    public IPEndPoint EndPoint => throw new NotSupportedException();

    /// <summary>The port the server listens on.</summary>
    public int Port => EndPoint.Port;

    /// <summary>Where clients reach the server, as <c>host:port</c>.</summary>
    public string AdvertisedAddress => throw new NotSupportedException();

    /// <summary>Connections open now.</summary>
    public int ConnectionCount => throw new NotSupportedException();

    /// <summary>Listens and serves. The engine stays the caller's: stopping the server does not close it.</summary>
    /// <exception cref="ArgumentException">An option makes no sense; the message names every one.</exception>
    /// <exception cref="ServerStartException">The address cannot be listened on; the message says why and what to do.</exception>
    public static Task<LogQueueServer> StartAsync(ServerOptions options, LogEngine engine, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    /// <summary>
    /// Stops accepting, lets requests in progress finish for at most <paramref name="drain"/>, then closes every connection.
    /// Long polls are answered at once. A second call waits for the first.
    /// </summary>
    public Task StopAsync(TimeSpan drain) => throw new NotSupportedException();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync(TimeSpan.FromSeconds(1));
}
