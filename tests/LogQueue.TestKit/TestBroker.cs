using System.Net;
using LogQueue.Engine;
using LogQueue.Server;

namespace LogQueue.TestKit;

/// <summary>
/// A broker for one test: an engine and a server on a free port, with its data in a directory of its own that goes when it is disposed.
/// </summary>
public sealed class TestBroker : IAsyncDisposable
{
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(2);

    private readonly Func<ServerOptions, ServerOptions> _server;
    private readonly Func<LogEngineOptions, LogEngineOptions> _engine;

    private TestBroker(string directory, Func<ServerOptions, ServerOptions> server, Func<LogEngineOptions, LogEngineOptions> engine)
    {
        DataDirectory = directory;
        _server = server;
        _engine = engine;
    }

    /// <summary>Where the data lie.</summary>
    public string DataDirectory { get; }

    /// <summary>The engine; another one after a restart.</summary>
    public LogEngine Engine { get; private set; } = null!;

    /// <summary>The server; another one after a restart.</summary>
    public LogQueueServer Server { get; private set; } = null!;

    /// <summary>Where it listens; the same over restarts.</summary>
    public IPEndPoint EndPoint => Server.EndPoint;

    /// <summary>What clients take as <c>bootstrap.servers</c>.</summary>
    public string Bootstrap => $"127.0.0.1:{Server.Port}";

    /// <summary>Starts a broker. Groups balance at once and topics are created on demand, unless the options say otherwise.</summary>
    public static async Task<TestBroker> StartAsync(
        Func<ServerOptions, ServerOptions>? server = null, Func<LogEngineOptions, LogEngineOptions>? engine = null)
    {
        string directory = Directory.CreateTempSubdirectory("logqueue-test-").FullName;
        var broker = new TestBroker(directory, server ?? (static o => o), engine ?? (static o => o));
        await broker.OpenAsync(port: 0);
        return broker;
    }

    /// <summary>Stops and starts again on the same data and the same port.</summary>
    public async Task RestartAsync()
    {
        int port = Server.Port;
        await CloseAsync();
        await OpenAsync(port);
    }

    /// <summary>Opens a raw connection.</summary>
    public Task<WireConnection> ConnectAsync() => WireConnection.ConnectAsync(EndPoint);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        Directory.Delete(DataDirectory, recursive: true);
    }

    private async Task OpenAsync(int port)
    {
        Engine = await LogEngine.OpenAsync(_engine(new LogEngineOptions { DataDirectory = DataDirectory, OffsetsPartitionCount = 1 }));
        Server = await LogQueueServer.StartAsync(_server(new ServerOptions { GroupInitialRebalanceDelayMs = 0 }) with { Port = port }, Engine);
    }

    private async Task CloseAsync()
    {
        await Server.StopAsync(Drain);
        await Engine.CloseAsync();
    }
}
