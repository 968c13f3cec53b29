using Confluent.Kafka;
using Confluent.Kafka.Admin;
using LogQueue.TestKit;

namespace LogQueue.Interop.Tests;

/// <summary>
/// The broker under test: ours in this process, or the one that LOGQUEUE_TEST_BOOTSTRAP names (an Apache Kafka, to check the tests
/// themselves). Administered through librdkafka, so that nothing of ours stands between.
/// </summary>
public sealed class InteropBroker : IAsyncLifetime
{
    private static int _topics;
    private TestBroker? _own;
    private IAdminClient _admin = null!;

    public string Bootstrap { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable("LOGQUEUE_TEST_BOOTSTRAP") is { Length: > 0 } other)
        {
            Bootstrap = other;
        }
        else
        {
            _own = await TestBroker.StartAsync();
            Bootstrap = _own.Bootstrap;
        }

        _admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = Bootstrap }).Build();
    }

    public async ValueTask DisposeAsync()
    {
        _admin.Dispose();
        if (_own is not null)
        {
            await _own.DisposeAsync();
        }
    }

    /// <summary>Creates a topic with a name of its own and waits until it has its leaders.</summary>
    public async Task<string> CreateTopicAsync(int partitionCount)
    {
        string name = $"interop-{Environment.ProcessId}-{Interlocked.Increment(ref _topics)}";
        await _admin.CreateTopicsAsync([new TopicSpecification { Name = name, NumPartitions = partitionCount, ReplicationFactor = 1 }]);
        while (_admin.GetMetadata(name, TimeSpan.FromSeconds(10)).Topics.Single().Partitions.Count(static p => p.Leader >= 0) != partitionCount)
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        return name;
    }

    /// <summary>Waits until the group is stable with this many members, each with an assignment.</summary>
    public async Task WaitForStableGroupAsync(string group, int members)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            DescribeConsumerGroupsResult result = await _admin.DescribeConsumerGroupsAsync([group]);
            ConsumerGroupDescription description = result.ConsumerGroupDescriptions[0];
            if (description.State == ConsumerGroupState.Stable && description.Members.Count == members
                && description.Members.All(static m => m.Assignment.TopicPartitions.Count > 0))
            {
                return;
            }

            Assert.True(
                TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(45),
                $"group {group} is {description.State} with {description.Members.Count} members, wanted {members}");
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }
}
