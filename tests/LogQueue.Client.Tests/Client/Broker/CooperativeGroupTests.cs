using System.Collections.Concurrent;
using LogQueue.Records;

namespace LogQueue.Client.Tests.Client.Broker;

public sealed class CooperativeGroupTests(BrokerFixture broker) : BrokerTest(broker)
{
    private static ConsumerOptions Options(string topic, string group) => new()
    {
        Topics = [topic],
        Group = group,
        Start = StartPosition.Beginning,
        HeartbeatInterval = TimeSpan.FromMilliseconds(100),
        AutoCommitInterval = TimeSpan.FromMilliseconds(200),
        SessionTimeout = TimeSpan.FromSeconds(10),
        Assignors = [GroupAssignor.CooperativeSticky],
    };

    [Fact]
    public async Task Partitions_that_stay_are_neither_revoked_nor_started_over()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client, 4);
        string group = BrokerFixture.NewName("g");
        var heard = new Listener();
        await using Consumer first = client.CreateConsumer(Options(topic, group) with { RebalanceListener = heard });
        var seen = new ConcurrentBag<string>();
        Task reading = ReadAsync(first, seen);
        await UntilAsync(() => first.Assignment.Count == 4, "the first has all");
        await using Consumer second = client.CreateConsumer(Options(topic, group));
        Task readingToo = ReadAsync(second, seen);
        await UntilAsync(() => first.Assignment.Count == 2 && second.Assignment.Count == 2, "they share");
        Assert.Empty(first.Assignment.Intersect(second.Assignment));
        await second.DisposeAsync();
        await readingToo.WaitAsync(Deadline);
        await UntilAsync(() => first.Assignment.Count == 4, "the first has all again");
        Assert.Equal(["assigned 4", "revoked 2", "assigned 2"], heard.Events);
        await first.DisposeAsync();
        await reading.WaitAsync(Deadline);
    }

    [Fact]
    public async Task Records_flow_in_the_partitions_that_stay_while_the_group_waits_for_a_slow_member()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client, 2);
        string group = BrokerFixture.NewName("g");
        var seen = new ConcurrentBag<string>();
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using Consumer quick = client.CreateConsumer(Options(topic, group));
        Task reading = ReadAsync(quick, seen);
        await UntilAsync(() => quick.Assignment.Count == 2, "the quick one has both");

        // It is told of its partition only when the gate opens, and does not read before.
        await using Consumer slow = client.CreateConsumer(Options(topic, group) with { RebalanceListener = new Gate(gate.Task) });
        Task readingToo = ReadAsync(slow, seen);
        await UntilAsync(() => quick.Assignment.Count == 1, "the quick one gave one up");
        int stays = quick.Assignment[0].Partition;
        await FillAsync(client, topic, 50, partition: stays);
        await UntilAsync(() => seen.Count >= 50, "the quick one goes on");
        gate.SetResult();
        await FillAsync(client, topic, 50, partition: 1 - stays, first: 50);
        await UntilAsync(() => seen.Count >= 100, "the slow one reads");
        await slow.DisposeAsync();
        await quick.DisposeAsync();
        await Task.WhenAll(reading, readingToo).WaitAsync(Deadline);
        Assert.Equal(100, seen.Distinct().Count());
        Assert.Equal(100, seen.Count);
    }

    [Fact]
    public async Task A_group_changes_over_from_range_member_by_member()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client, 4);
        string group = BrokerFixture.NewName("g");
        var seen = new ConcurrentBag<string>();
        await using Consumer old = client.CreateConsumer(Options(topic, group) with { Assignors = new ConsumerOptions().Assignors });
        Task reading = ReadAsync(old, seen);
        await UntilAsync(() => old.Assignment.Count == 4, "the old one has all");
        await using Consumer young = client.CreateConsumer(Options(topic, group));
        Task readingToo = ReadAsync(young, seen);
        await UntilAsync(() => old.Assignment.Count == 2 && young.Assignment.Count == 2, "they share");
        await FillAsync(client, topic, 200, partition: null);
        await UntilAsync(() => seen.Count >= 200, "all is read");
        await old.DisposeAsync();
        await reading.WaitAsync(Deadline);
        await UntilAsync(() => young.Assignment.Count == 4, "the young one has all");
        await FillAsync(client, topic, 200, partition: null, first: 200);
        await UntilAsync(() => seen.Count >= 400, "all is read");
        await young.DisposeAsync();
        await readingToo.WaitAsync(Deadline);
        Assert.Equal(400, seen.Distinct().Count());
    }

    private async Task ReadAsync(Consumer consumer, ConcurrentBag<string> seen)
    {
        await foreach (ConsumedRecord record in consumer.WithCancellation(Deadline))
        {
            seen.Add(record.ValueText!);
        }
    }

    private sealed class Gate(Task open) : Quiet
    {
        public override async ValueTask OnAssignedAsync(Consumer consumer, IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken) =>
            await open.WaitAsync(TimeSpan.FromSeconds(20), cancellationToken);
    }

    private sealed class Listener : Quiet
    {
        public ConcurrentQueue<string> Events { get; } = [];

        public override ValueTask OnAssignedAsync(Consumer consumer, IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken) => Note($"assigned {partitions.Count}");

        public override ValueTask OnRevokedAsync(Consumer consumer, IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken) => Note($"revoked {partitions.Count}");

        public override ValueTask OnLostAsync(Consumer consumer, IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken) => Note($"lost {partitions.Count}");

        private ValueTask Note(string what)
        {
            Events.Enqueue(what);
            return default;
        }
    }

    private abstract class Quiet : IRebalanceListener
    {
        public abstract ValueTask OnAssignedAsync(Consumer consumer, IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken);

        public virtual ValueTask OnRevokedAsync(Consumer consumer, IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken) => default;

        public virtual ValueTask OnLostAsync(Consumer consumer, IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken) => default;
    }
}
