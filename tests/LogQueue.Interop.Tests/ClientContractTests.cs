using LogQueue.Interop.Tests.Clients;

namespace LogQueue.Interop.Tests;

/// <summary>What every unmodified Kafka client must be able to do with us. One subclass a client.</summary>
public abstract class ClientContractTests(InteropBroker broker) : IClassFixture<InteropBroker>
{
    private const int PartitionCount = 6;

    internal abstract ForeignClient Client { get; }

    [Fact]
    public async Task Records_in_every_codec_come_back_whole_and_in_order()
    {
        Client.RequireInstalled();
        string topic = await broker.CreateTopicAsync(3);
        var expected = new List<string>();
        foreach (string codec in Client.Codecs)
        {
            string[] lines = Lines(codec, 120);
            expected.AddRange(lines);
            await ProduceAsync(topic, codec, lines);
        }

        ForeignRecord[] records = await ConsumeAsync(topic, expected.Count, "beginning");

        Assert.Equal(expected.Order(StringComparer.Ordinal), records.Select(static r => $"{r.Key}\t{r.Value}").Order(StringComparer.Ordinal));
        AssertWhole(records);
        foreach (IGrouping<string, ForeignRecord> key in records.GroupBy(static r => r.Key))
        {
            Assert.Single(key.Select(static r => r.Partition).Distinct());
            Assert.Equal(
                expected.Where(line => line.StartsWith(key.Key + "\t", StringComparison.Ordinal)).Select(static line => line.Split('\t')[1]),
                key.OrderBy(static r => r.Offset).Select(static r => r.Value));
        }
    }

    [Fact]
    public async Task A_consumer_seeks_by_offset_and_by_time()
    {
        Client.RequireInstalled();
        string topic = await broker.CreateTopicAsync(1);
        await ProduceAsync(topic, "none", Lines("before", 50));
        await Task.Delay(50, TestContext.Current.CancellationToken);
        long between = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        await Task.Delay(50, TestContext.Current.CancellationToken);
        await ProduceAsync(topic, "none", Lines("after", 50));

        ForeignRecord[] byOffset = await ConsumeAsync(topic, 63, "offset=37");
        ForeignRecord[] byTime = await ConsumeAsync(topic, 50, $"time={between}");

        Assert.Equal(Enumerable.Range(37, 63).Select(static o => (long)o), byOffset.Select(static r => r.Offset));
        Assert.Equal(Enumerable.Range(50, 50).Select(static o => (long)o), byTime.Select(static r => r.Offset));
        Assert.All(byTime, static r => Assert.StartsWith("after", r.Value, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Three_members_share_the_partitions_and_two_take_over_when_one_leaves()
    {
        Client.RequireInstalled();
        string topic = await broker.CreateTopicAsync(PartitionCount);
        string group = topic + "-group";
        await using ForeignProgram first = StartMember(topic, group);
        await using ForeignProgram second = StartMember(topic, group);
        await using ForeignProgram third = StartMember(topic, group);
        ForeignProgram[] all = [first, second, third];
        await broker.WaitForStableGroupAsync(group, members: 3);

        await ProduceAsync(topic, "none", Lines("first", 240));
        await WaitForAsync(() => Values(all).Count(static v => v.StartsWith("first", StringComparison.Ordinal)) >= 240, all);
        Assert.All(all, static member => Assert.NotEmpty(member.Lines));

        Assert.Equal(Client.LeaveExitCode, await third.LeaveAsync(Client.LeavesOnTerminate));
        await broker.WaitForStableGroupAsync(group, members: 2);
        await ProduceAsync(topic, "none", Lines("second", 240));
        await WaitForAsync(() => Values(first, second).Count(static v => v.StartsWith("second", StringComparison.Ordinal)) >= 240, all);

        string[] seen = Values(all);
        Assert.Equal(Lines("first", 240).Concat(Lines("second", 240)).Select(static l => l.Split('\t')[1]).Order(StringComparer.Ordinal),
            seen.Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_new_member_resumes_from_the_committed_offsets()
    {
        Client.RequireInstalled();
        string topic = await broker.CreateTopicAsync(2);
        string group = topic + "-group";
        await ProduceAsync(topic, "none", Lines("old", 100));
        await using (ForeignProgram member = StartMember(topic, group))
        {
            await WaitForAsync(() => member.Lines.Count >= 100, member);
            Assert.Equal(Client.LeaveExitCode, await member.LeaveAsync(Client.LeavesOnTerminate));
        }

        await ProduceAsync(topic, "none", Lines("new", 60));
        await using ForeignProgram next = StartMember(topic, group);
        await WaitForAsync(() => next.Lines.Count >= 60, next);
        Assert.Equal(Client.LeaveExitCode, await next.LeaveAsync(Client.LeavesOnTerminate));

        Assert.Equal(Lines("new", 60).Select(static l => l.Split('\t')[1]).Order(StringComparer.Ordinal), Values(next).Order(StringComparer.Ordinal));
    }

    private static string[] Lines(string tag, int count) => [.. Enumerable.Range(0, count).Select(i => $"sensor-{i % 24}\t{tag}-{i:D5}")];

    private static string[] Values(params ForeignProgram[] members) =>
        [.. members.SelectMany(static m => m.Lines).Select(static line => ForeignRecord.Parse(line).Value)];

    private static void AssertWhole(IEnumerable<ForeignRecord> records)
    {
        foreach (IGrouping<int, ForeignRecord> partition in records.GroupBy(static r => r.Partition))
        {
            long[] offsets = [.. partition.Select(static r => r.Offset)];
            Assert.Equal(Enumerable.Range(0, offsets.Length).Select(static o => (long)o), offsets);
        }
    }

    private static async Task WaitForAsync(Func<bool> condition, params ForeignProgram[] programs)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(
                TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(60),
                string.Join("\n--\n", programs.Select(static p => $"{p.Lines.Count} lines, exited: {p.HasExited}, errors:\n{p.Errors}")));
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    private ForeignProgram StartMember(string topic, string group) => ForeignProgram.Start(Client.Group(broker.Bootstrap, topic, group));

    private async Task ProduceAsync(string topic, string codec, string[] lines) =>
        await ForeignProgram.RunAsync(Client.Produce(broker.Bootstrap, topic, codec), string.Join('\n', lines) + "\n");

    private async Task<ForeignRecord[]> ConsumeAsync(string topic, int count, string from) =>
        [.. (await ForeignProgram.RunAsync(Client.Consume(broker.Bootstrap, topic, count, from))).Select(ForeignRecord.Parse)];
}
