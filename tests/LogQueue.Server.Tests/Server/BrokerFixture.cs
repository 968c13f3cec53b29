using LogQueue.TestKit;

namespace LogQueue.Server.Tests.Server;

/// <summary>One broker for the tests of a class; each test takes topics of its own.</summary>
public sealed class BrokerFixture : IAsyncLifetime
{
    private static int _topics;

    public TestBroker Broker { get; private set; } = null!;

    public static string NewName() => $"topic-{Interlocked.Increment(ref _topics)}";

    public async ValueTask InitializeAsync() => Broker = await TestBroker.StartAsync();

    public ValueTask DisposeAsync() => Broker.DisposeAsync();

    /// <summary>Creates a topic with a name of its own.</summary>
    public async Task<string> NewTopicAsync(int partitions = 1, Dictionary<string, string>? configs = null)
    {
        string name = NewName();
        await Broker.Engine.CreateTopicAsync(name, partitions, configs);
        return name;
    }
}
