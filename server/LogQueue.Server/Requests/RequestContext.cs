using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Transport;

namespace LogQueue.Server.Requests;

/// <summary>One request on its way through the server: its header, its bytes, its connection. Used by one request at a time.</summary>
internal sealed class RequestContext
{
    private readonly Frame? _frame;

    /// <summary>Creates the context of a request.</summary>
    /// <param name="header">The request header.</param>
    /// <param name="connection">Who sent it.</param>
    /// <param name="aborted">Cancelled when the connection is closed or the server stops.</param>
    /// <param name="frame">The bytes it came in; null in tests that call a handler directly.</param>
    /// <param name="body">The bytes after the header.</param>
    public RequestContext(
        RequestHeader header,
        ConnectionFacts connection,
        CancellationToken aborted,
        Frame? frame = null,
        ReadOnlyMemory<byte> body = default)
    {
        Header = header;
        Connection = connection;
        Aborted = aborted;
        _frame = frame;
        Body = body;
    }

    /// <summary>The request header.</summary>
    public RequestHeader Header { get; }

    /// <summary>The API that was called.</summary>
    public ApiKey ApiKey => (ApiKey)Header.RequestApiKey;

    /// <summary>Version of the request and of its response.</summary>
    public short ApiVersion => Header.RequestApiVersion;

    /// <summary>Number that the response repeats.</summary>
    public int CorrelationId => Header.CorrelationId;

    /// <summary>What the client calls itself; empty when it does not say.</summary>
    public string ClientId => Header.ClientId ?? "";

    /// <summary>Who sent it.</summary>
    public ConnectionFacts Connection { get; }

    /// <summary>Cancelled when the connection is closed or the server stops.</summary>
    public CancellationToken Aborted { get; }

    /// <summary>The bytes after the header.</summary>
    public ReadOnlyMemory<byte> Body { get; }

    /// <summary>
    /// Gives the request's bytes back early: call it before a long wait, once nothing that aliases them is needed any more.
    /// A second call does nothing.
    /// </summary>
    public void ReleaseFrame() => _frame?.Dispose();
}
