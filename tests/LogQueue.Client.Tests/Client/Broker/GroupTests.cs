using System.Collections.Concurrent;
using LogQueue.Client.Admin;
using LogQueue.Records;

namespace LogQueue.Client.Tests.Client.Broker;

public sealed class GroupTests(BrokerFixture broker) : BrokerTest(broker)
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(100);

    private static ConsumerOptions Options(string topic, string group) => new()
    {
        Topics = [topic],
        Group = group,
        Start = StartPosition.Beginning,
        HeartbeatInterval = Beat,
        AutoCommitInterval = TimeSpan.FromMilliseconds(200),
        SessionTimeout = TimeSpan.FromSeconds(10),
    };

    [Theory]
    [InlineData(GroupAssignor.Range)]
    [InlineData(GroupAssignor.RoundRobin)]
    [InlineData(GroupAssignor.CooperativeSticky)]
    public async Task Three_members_share_one_leaves_and_nothing_is_lost_or_doubled(GroupAssignor assignor)
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client, 6);
        string group = BrokerFixture.NewName("g");
        var seen = new ConcurrentBag<string>();
        Consumer[] members = [.. Enumerable.Range(0, 3).Select(_ => client.CreateConsumer(Options(topic, group) with { Assignors = [assignor] }))];
        Task[] reading = [.. members.Select(member => ReadAsync(member, seen))];
        await UntilAsync(() => members.All(static m => m.Assignment.Count == 2), "each has two partitions");
        Assert.Equal(6, members.SelectMany(static m => m.Assignment).Distinct().Count());
        await FillAsync(client, topic, 600, partition: null);
        await UntilAsync(() => seen.Count >= 600, "600 records were read");

        await members[0].DisposeAsync();
        await reading[0].WaitAsync(Deadline);
        await UntilAsync(() => members[1].Assignment.Count == 3 && members[2].Assignment.Count == 3, "the others have three each");
        await FillAsync(client, topic, 600, partition: null, first: 600);
        await UntilAsync(() => seen.Count >= 1200, "1200 records were read");
        foreach (Consumer member in members)
        {
            await member.DisposeAsync();
        }

        await Task.WhenAll(reading).WaitAsync(Deadline);
        Assert.Equal(1200, seen.Count);
        Assert.Equal(1200, seen.Distinct().Count());
    }

    [Fact]
    public async Task A_group_resumes_where_it_was()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client, 2);
        string group = BrokerFixture.NewName("g");
        await FillAsync(client, topic, 100, partition: null);
        var first = new List<string?>();
        await using (Consumer consumer = client.CreateConsumer(Options(topic, group)))
        {
            first.AddRange((await TakeAsync(consumer, 41)).Select(static r => r.ValueText));
        }

        // The 41st was not asked past: it comes again, the 40 before do not.
        List<ConsumedRecord> rest = await ReadAllAsync(client, topic, o => Options(topic, group) with { StopAtEnd = true });
        Assert.Equal(60, rest.Count);
        Assert.Contains(first[^1], rest.Select(static r => r.ValueText));
        Assert.Equal(100, first.Concat(rest.Select(static r => r.ValueText)).Distinct().Count());
        Assert.Empty(await ReadAllAsync(client, topic, o => Options(topic, group) with { StopAtEnd = true }));
    }

    [Fact]
    public async Task Commits_by_hand_are_what_counts_when_automatic_ones_are_off()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client);
        string group = BrokerFixture.NewName("g");
        await FillAsync(client, topic, 10);
        await using (Consumer consumer = client.CreateConsumer(Options(topic, group) with { AutoCommit = false }))
        {
            await TakeAsync(consumer, 5);
            await consumer.CommitAsync(new Dictionary<TopicPartition, long> { [Part(topic, 0)] = 3 }, Deadline);
        }

        IReadOnlyDictionary<TopicPartition, GroupOffset> stored = await client.Admin.ListGroupOffsetsAsync(group, Deadline);
        Assert.Equal(3, Assert.Single(stored).Value.Offset);
        List<ConsumedRecord> rest = await ReadAllAsync(client, topic, o => Options(topic, group) with { StopAtEnd = true });
        Assert.Equal("value-3", rest[0].ValueText);
    }

    [Fact]
    public async Task Fixed_partitions_with_a_group_store_offsets_without_membership()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client);
        string group = BrokerFixture.NewName("g");
        await FillAsync(client, topic, 10);
        ConsumerOptions options = Options(topic, group) with { Topics = [], Partitions = [Part(topic, 0)] };
        await using (Consumer consumer = client.CreateConsumer(options))
        {
            await TakeAsync(consumer, 4);
            await consumer.CommitAsync(Deadline);
        }

        await using Consumer second = client.CreateConsumer(options);
        Assert.Equal("value-3", (await TakeAsync(second, 1))[0].ValueText);
        Assert.Empty((await client.Admin.DescribeGroupsAsync([group], Deadline))[0].Members);
    }

    [Fact]
    public async Task The_listener_hears_of_partitions_that_come_and_go()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client, 2);
        string group = BrokerFixture.NewName("g");
        var heard = new Listener();
        await using Consumer first = client.CreateConsumer(Options(topic, group) with { RebalanceListener = heard });
        Task reading = ReadAsync(first, []);
        await UntilAsync(() => first.Assignment.Count == 2, "the first has both");
        await using Consumer second = client.CreateConsumer(Options(topic, group));
        Task readingToo = ReadAsync(second, []);
        await UntilAsync(() => first.Assignment.Count == 1 && second.Assignment.Count == 1, "each has one");
        await first.DisposeAsync();
        await second.DisposeAsync();
        await Task.WhenAll(reading, readingToo).WaitAsync(Deadline);
        Assert.Equal(["assigned 2", "revoked 2", "assigned 1", "revoked 1"], heard.Events);
    }

    [Fact]
    public async Task A_static_member_that_restarts_soon_keeps_its_partitions_without_rebalance()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client, 2);
        string group = BrokerFixture.NewName("g");
        var heard = new Listener();
        await using Consumer stays = client.CreateConsumer(Options(topic, group) with { GroupInstanceId = "stays", RebalanceListener = heard });
        Task reading = ReadAsync(stays, []);
        await UntilAsync(() => stays.Assignment.Count == 2, "the first has both");
        Consumer leaves = client.CreateConsumer(Options(topic, group) with { GroupInstanceId = "leaves" });
        Task readingToo = ReadAsync(leaves, []);
        await UntilAsync(() => stays.Assignment.Count == 1 && leaves.Assignment.Count == 1, "each has one");
        TopicPartition its = leaves.Assignment[0];
        int before = heard.Events.Count;
        await leaves.DisposeAsync();
        await readingToo.WaitAsync(Deadline);
        await using Consumer again = client.CreateConsumer(Options(topic, group) with { GroupInstanceId = "leaves" });
        Task readingAgain = ReadAsync(again, []);
        await UntilAsync(() => again.Assignment.Count == 1, "it is back");
        Assert.Equal(its, again.Assignment[0]);
        Assert.Equal(before, heard.Events.Count);
        await again.DisposeAsync();
        await stays.DisposeAsync();
        await Task.WhenAll(reading, readingAgain).WaitAsync(Deadline);
    }

    [Fact]
    public async Task A_handler_that_is_slow_is_waited_for_at_a_rebalance()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client, 2);
        string group = BrokerFixture.NewName("g");
        await FillAsync(client, topic, 40, partition: null);
        var seen = new ConcurrentBag<string>();
        await using Consumer slow = client.CreateConsumer(Options(topic, group));
        Task reading = ReadAsync(slow, seen, TimeSpan.FromMilliseconds(50));
        await UntilAsync(() => seen.Count >= 3, "the slow one is at work");
        await using Consumer second = client.CreateConsumer(Options(topic, group));
        Task readingToo = ReadAsync(second, seen, TimeSpan.FromMilliseconds(50));
        await UntilAsync(() => seen.Count >= 40, "all were read");
        await slow.DisposeAsync();
        await second.DisposeAsync();
        await Task.WhenAll(reading, readingToo).WaitAsync(Deadline);
        Assert.Equal(40, seen.Count);
        Assert.Equal(40, seen.Distinct().Count());
    }

    private async Task ReadAsync(Consumer consumer, ConcurrentBag<string> seen, TimeSpan work = default)
    {
        await foreach (ConsumedRecord record in consumer.WithCancellation(Deadline))
        {
            if (work > TimeSpan.Zero)
            {
                await Task.Delay(work, Deadline);
            }

            seen.Add(record.ValueText!);
        }
    }

    private sealed class Listener : IRebalanceListener
    {
        public ConcurrentQueue<string> Events { get; } = new();

        public ValueTask OnAssignedAsync(Consumer consumer, IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken) => Note("assigned", partitions);

        public ValueTask OnRevokedAsync(Consumer consumer, IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken) => Note("revoked", partitions);

        public ValueTask OnLostAsync(Consumer consumer, IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken) => Note("lost", partitions);

        private ValueTask Note(string what, IReadOnlyList<TopicPartition> partitions)
        {
            Events.Enqueue($"{what} {partitions.Count}");
            return default;
        }
    }
}
