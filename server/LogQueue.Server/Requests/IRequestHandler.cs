using LogQueue.Protocol;

namespace LogQueue.Server.Requests;

/// <summary>Serves one API. Implementations are stateless or thread-safe: many connections call at once.</summary>
internal interface IRequestHandler
{
    /// <summary>The API.</summary>
    ApiKey ApiKey { get; }

    /// <summary>Versions told to clients.</summary>
    ApiVersionRange Versions { get; }

    /// <summary>Oldest version really served; a request below it closes its connection, as Kafka does.</summary>
    short LowestServed { get; }

    /// <summary>
    /// True when the next request of the connection may start while this one waits. Whatever must happen in arrival order has
    /// then happened before <see cref="HandleAsync"/> returns its task; responses are sent in order in any case.
    /// </summary>
    bool RunsAhead { get; }

    /// <summary>Version of the request header that goes with a version of the request.</summary>
    short HeaderVersion(short apiVersion);

    /// <summary>Reads the request, serves it, encodes the response; null when the client expects none.</summary>
    /// <exception cref="LogQueue.Wire.WireFormatException">The request cannot be read: the connection is closed.</exception>
    ValueTask<ResponseFrame?> HandleAsync(RequestContext context);
}
