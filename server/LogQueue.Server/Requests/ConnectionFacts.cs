using System.Net;

namespace LogQueue.Server.Requests;

/// <summary>What is known about a connection. Set by the connection's own requests; reading is thread-safe.</summary>
internal sealed class ConnectionFacts
{
    /// <summary>Number of the connection, unique in this process.</summary>
    public required long Id { get; init; }

    /// <summary>Where the client is; null in tests without a socket.</summary>
    public IPEndPoint? RemoteEndPoint { get; init; }

    /// <summary>The address the client reached us at; null in tests without a socket.</summary>
    public IPEndPoint? LocalEndPoint { get; init; }

    /// <summary>What the client's library calls itself (ApiVersions v3 and later); empty until told.</summary>
    public string ClientSoftwareName { get; set; } = "";

    /// <summary>The client library's version; empty until told.</summary>
    public string ClientSoftwareVersion { get; set; } = "";

    /// <summary>The client's address as Kafka prints it, such as <c>/127.0.0.1</c>.</summary>
    public string ClientHost => "/" + (RemoteEndPoint?.Address.ToString() ?? "127.0.0.1");
}
