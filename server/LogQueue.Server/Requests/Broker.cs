using LogQueue.Engine;
using LogQueue.Server.Groups;

namespace LogQueue.Server.Requests;

/// <summary>What handlers share: the engine, the options, the group coordinator, who we are. Immutable; thread-safe.</summary>
internal sealed class Broker
{
    /// <summary>The log.</summary>
    public required LogEngine Engine { get; init; }

    /// <summary>How the server was started.</summary>
    public required ServerOptions Options { get; init; }

    /// <summary>The port we listen on, which clients are told unless another one is advertised.</summary>
    public required int Port { get; init; }

    /// <summary>The one coordinator of all groups.</summary>
    public required GroupCoordinator Groups { get; init; }

    /// <summary>Log lines of handlers.</summary>
    public required Microsoft.Extensions.Logging.ILogger Logger { get; init; }

    /// <summary>Counters.</summary>
    public required ServerMetrics Metrics { get; init; }

    /// <summary>Host that the client behind <paramref name="connection"/> is told to connect to.</summary>
    public string HostFor(ConnectionFacts connection) =>
        Options.AdvertisedHost ?? connection.LocalEndPoint?.Address.ToString() ?? Options.Host;

    /// <summary>Port that clients are told to connect to.</summary>
    public int AdvertisedPort => Options.AdvertisedPort ?? Port;
}
