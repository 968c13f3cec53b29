using LogQueue.TestKit;
using LogQueue.TestKit.Faults;

namespace LogQueue.Client.Tests.Client.Broker;

/// <summary>
/// The broker that the suite talks to: our own in this process, or the one LOGQUEUE_TEST_BOOTSTRAP names (an Apache Kafka).
/// Shared by all tests; every test has topics and groups of its own.
/// </summary>
public sealed class BrokerFixture : IAsyncLifetime
{
    private static int s_names;

    private TestBroker? _broker;

    /// <summary>host:port.</summary>
    public string Bootstrap { get; private set; } = "";

    /// <summary>Whether a foreign broker is tested against.</summary>
    public bool IsForeign { get; private set; }

    public async ValueTask InitializeAsync()
    {
        string? foreign = Environment.GetEnvironmentVariable("LOGQUEUE_TEST_BOOTSTRAP");
        if (string.IsNullOrEmpty(foreign))
        {
            _broker = await TestBroker.StartAsync();
            Bootstrap = _broker.Bootstrap;
        }
        else
        {
            IsForeign = true;
            Bootstrap = foreign;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_broker is not null)
        {
            await _broker.DisposeAsync();
        }
    }

    /// <summary>A name nobody else uses, also not on a broker that outlives the run.</summary>
    public static string NewName(string prefix) => $"{prefix}-{Environment.ProcessId}-{Environment.TickCount64}-{Interlocked.Increment(ref s_names)}";

    /// <summary>A client with short timeouts.</summary>
    public LogQueueClient Connect(ClientOptions? options = null) => LogQueueClient.Connect(Bootstrap, options ?? Quick);

    /// <summary>A proxy before the broker, and options that lead every connection through it.</summary>
    public (FaultProxy Proxy, ClientOptions Options) Between(ClientOptions? options = null)
    {
        string[] parts = Bootstrap.Split(':');
        FaultProxy proxy = FaultProxy.Start(parts[0], int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture));
        return (proxy, (options ?? Quick) with { AddressTranslation = (_, _) => ("127.0.0.1", proxy.Port) });
    }

    /// <summary>Timeouts that let a test fail soon.</summary>
    public static ClientOptions Quick { get; } = new()
    {
        ClientId = "client-tests",
        RequestTimeout = TimeSpan.FromSeconds(10),
        ConnectTimeout = TimeSpan.FromSeconds(5),
        CloseTimeout = TimeSpan.FromSeconds(5),
        OperationTimeout = TimeSpan.FromSeconds(20),
    };
}
