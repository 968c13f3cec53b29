using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Confluent.Kafka;

namespace LogQueue.Interop.Tests;

/// <summary>An Apache Kafka broker on a data directory, in a process of its own; stopped by SIGTERM, so that it closes in good order.</summary>
internal sealed class KafkaBroker : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly ForeignProgram _program;

    private KafkaBroker(ForeignProgram program, string bootstrap)
    {
        _program = program;
        Bootstrap = bootstrap;
    }

    public string Bootstrap { get; }

    /// <summary>Starts it on <c>DIRECTORY/data</c> and waits until it has leaders for all partitions of its topics.</summary>
    public static async Task<KafkaBroker> StartAsync(string directory, params string[] settings)
    {
        int port = FreePorts();
        string server = Path.Combine(Path.GetDirectoryName(Peers.KafkaTool())!, "kafka-server");
        ForeignProgram program = ForeignProgram.Start([server, port.ToString(CultureInfo.InvariantCulture), directory, .. settings], heap: "320m");
        var broker = new KafkaBroker(program, $"127.0.0.1:{port}");
        try
        {
            await broker.WaitAsync();
            return broker;
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_program.HasExited)
        {
            await _program.LeaveAsync(terminate: true);
        }

        await _program.DisposeAsync();
    }

    private async Task WaitAsync()
    {
        using IAdminClient admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Bootstrap }).SetLogHandler(static (_, _) => { })
            .SetErrorHandler(static (_, _) => { }).Build();
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            Assert.False(_program.HasExited, $"Kafka ended:\n{string.Join('\n', _program.Lines.TakeLast(40))}\n{_program.Errors}");
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Patience, $"Kafka is not ready:\n{string.Join('\n', _program.Lines.TakeLast(40))}");
            try
            {
                if (admin.GetMetadata(TimeSpan.FromSeconds(2)).Topics is { Count: > 0 } topics
                    && topics.SelectMany(static t => t.Partitions).All(static p => p.Leader >= 0))
                {
                    return;
                }
            }
            catch (KafkaException)
            {
                // Not listening yet.
            }

            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>A port that is free together with the next one, which Kafka's controller takes.</summary>
    private static int FreePorts()
    {
        for (int attempt = 0; ; attempt++)
        {
            using var first = new TcpListener(IPAddress.Loopback, 0);
            first.Start();
            int port = ((IPEndPoint)first.LocalEndpoint).Port;
            try
            {
                using var second = new TcpListener(IPAddress.Loopback, port + 1);
                second.Start();
                return port;
            }
            catch (SocketException) when (attempt < 50)
            {
                // The next one is taken: look for another pair.
            }
        }
    }
}
