using System.Collections.Concurrent;
using LogQueue.Client.Serialization;
using LogQueue.Client.Tests.Client.Broker;
using LogQueue.Streams;

namespace LogQueue.Client.Tests.Streams;

/// <summary>
/// Topologies against a broker, ours or a foreign one: what comes out is what <see cref="TopologyDriver"/> makes of the same records, however
/// the run is cut.
/// </summary>
public sealed class StreamAppTests(BrokerFixture broker) : BrokerTest(broker)
{
    private const int PartitionCount = 3;
    private const int Keys = 9;
    private const long StartMs = 1_767_225_600_000;

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly WindowSpec Tumbling = WindowSpec.Tumbling(10 * Minute, grace: 2 * Minute);
    private static readonly WindowSpec Hopping = WindowSpec.Hopping(10 * Minute, advance: 3 * Minute, grace: 4 * Minute);

    [Fact]
    public async Task Filter_and_map_lead_from_topic_to_topic_with_key_and_event_time()
    {
        await using LogQueueClient client = Broker.Connect();
        (string input, string output) = await CreateTopicsAsync(client);
        List<ConsumedRecord> sent = await ProduceAsync(client, input, 0, 300);
        var builder = new StreamBuilder(BrokerFixture.NewName("app"));
        builder.Stream(input, Serdes.Utf8, Serdes.Int64)
            .Where(static (_, value) => value % 3 != 0)
            .Select(static (key, value) => $"{key}={value}")
            .To(output, Serdes.Utf8, Serdes.Utf8);

        await RunToEndAsync(client, builder.Build());

        List<ConsumedRecord> read = await ReadAllAsync(client, output);
        Assert.Equal(
            sent.Where(static r => Value(r) % 3 != 0).Select(static r => $"{r.KeyText} {r.TimestampMs} {r.KeyText}={Value(r)}").Order(StringComparer.Ordinal),
            read.Select(static r => $"{r.KeyText} {r.TimestampMs} {r.ValueText}").Order(StringComparer.Ordinal));

        // Within a key the order of the input is kept.
        Assert.All(read.GroupBy(static r => r.KeyText), static key => Assert.Equal(
            key.OrderBy(static r => long.Parse(r.ValueText!.Split('=')[1], null)).Select(static r => r.ValueText), key.Select(static r => r.ValueText)));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Windows_are_those_of_the_driver_late_records_included(bool hopping, bool onUpdate)
    {
        await using LogQueueClient client = Broker.Connect();
        (string input, string output) = await CreateTopicsAsync(client);
        List<ConsumedRecord> sent = await ProduceAsync(client, input, 0, 400);
        (string[] expected, int late) = await DriveAsync(input, output, hopping ? Hopping : Tumbling, onUpdate, sent);
        Assert.True(late > 5, $"only {late} late records: this tests nothing");
        var lateSeen = new ConcurrentQueue<long>();

        StreamTopology topology = Sums(BrokerFixture.NewName("app"), input, output, hopping ? Hopping : Tumbling, onUpdate, lateSeen);
        await using StreamApp app = StreamApp.Start(client, topology, new StreamOptions { StopAtEnd = true });
        await app.Completion.WaitAsync(Deadline);

        Assert.Equal(sent.Count, app.RecordCount);
        Assert.Equal(late, app.LateCount);
        Assert.Equal(late, lateSeen.Count);
        Assert.Equal(expected, await ResultsAsync(client, output));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stop_in_the_middle_changes_no_result(bool hopping)
    {
        await using LogQueueClient client = Broker.Connect();
        (string input, string output) = await CreateTopicsAsync(client);
        string name = BrokerFixture.NewName("app");
        WindowSpec window = hopping ? Hopping : Tumbling;
        var sent = new List<ConsumedRecord>();
        for (int part = 0; part < 3; part++)
        {
            sent.AddRange(await ProduceAsync(client, input, part * 100, 100));
            await using StreamApp app = StreamApp.Start(client, Sums(name, input, output, window, onUpdate: false), new StreamOptions { CommitInterval = TimeSpan.FromMilliseconds(5) });

            // Read on from what was committed: at the least the new records come through before this one is stopped, too.
            await UntilAsync(() => app.RecordCount >= 100 || app.Completion.IsCompleted, $"part {part} is processed");
            await app.StopAsync();
            await app.Completion;
        }

        sent.AddRange(await ProduceAsync(client, input, 300, 100));
        await RunToEndAsync(client, Sums(name, input, output, window, onUpdate: false));

        (string[] expected, _) = await DriveAsync(input, output, window, onUpdate: false, sent);
        Assert.Equal(expected, await ResultsAsync(client, output));
    }

    [Fact]
    public async Task A_step_that_throws_ends_the_application_and_the_next_one_goes_on_there()
    {
        await using LogQueueClient client = Broker.Connect();
        (string input, string output) = await CreateTopicsAsync(client);
        string name = BrokerFixture.NewName("app");
        List<ConsumedRecord> sent = await ProduceAsync(client, input, 0, 300);
        StreamApp broken = StreamApp.Start(
            client, Sums(name, input, output, Tumbling, onUpdate: false, failsAt: 200), new StreamOptions { CommitInterval = TimeSpan.FromMilliseconds(1) });
        InvalidOperationException thrown = await Assert.ThrowsAsync<InvalidOperationException>(() => broken.Completion.WaitAsync(Deadline));
        Assert.Equal("value 200", thrown.Message);
        await broken.DisposeAsync();
        await broken.DisposeAsync();
        await broken.StopAsync();

        sent.AddRange(await ProduceAsync(client, input, 300, 100));
        await RunToEndAsync(client, Sums(name, input, output, Tumbling, onUpdate: false));

        (string[] expected, _) = await DriveAsync(input, output, Tumbling, onUpdate: false, sent);
        Assert.Equal(expected, (await ResultsAsync(client, output)).Distinct());
    }

    [Fact]
    public async Task Two_instances_share_the_work_and_one_that_leaves_is_replaced()
    {
        await using LogQueueClient client = Broker.Connect();
        (string input, string output) = await CreateTopicsAsync(client);
        string name = BrokerFixture.NewName("app");
        var quick = new StreamOptions { CommitInterval = TimeSpan.FromMilliseconds(20) };
        List<ConsumedRecord> sent = await ProduceAsync(client, input, 0, 150);
        await using (StreamApp first = StreamApp.Start(client, Sums(name, input, output, Hopping, onUpdate: false), quick))
        {
            await UntilAsync(() => first.RecordCount >= 150, "the first instance has read everything");
            await using StreamApp second = StreamApp.Start(client, Sums(name, input, output, Hopping, onUpdate: false), quick);
            int next = 150;
            await UntilAsync(
                () =>
                {
                    sent.AddRange(ProduceAsync(client, input, next, 10).GetAwaiter().GetResult());
                    next += 10;
                    return second.RecordCount > 0;
                },
                "the second instance takes part");
            await first.StopAsync();
            await first.DisposeAsync();
            long before = second.RecordCount;
            sent.AddRange(await ProduceAsync(client, input, next, 100));
            await UntilAsync(() => second.RecordCount >= before + 100, "the second instance has taken over");
            await second.StopAsync();
        }

        await RunToEndAsync(client, Sums(name, input, output, Hopping, onUpdate: false));
        (string[] expected, _) = await DriveAsync(input, output, Hopping, onUpdate: false, sent);
        Assert.Equal(expected, (await ResultsAsync(client, output)).Distinct());
    }

    /// <summary>Sums a key's values in windows of event time and writes them, keyed by key and window.</summary>
    private static StreamTopology Sums(string name, string input, string output, WindowSpec window, bool onUpdate, ConcurrentQueue<long>? late = null, long failsAt = -1)
    {
        var builder = new StreamBuilder(name);
        AggregatedStream<string, long, long> sums = builder.Stream(input, Serdes.Utf8, Serdes.Int64).GroupByKey().Window(window)
            .Aggregate(static () => 0L, (sum, value) => value == failsAt ? throw new InvalidOperationException($"value {value}") : sum + value)
            .LateTo(record =>
            {
                late?.Enqueue(record.Value);
                return ValueTask.CompletedTask;
            });
        (onUpdate ? sums.EmitOnUpdate() : sums.EmitOnClose()).To(output, WindowText.Serde, Serdes.Int64);
        return builder.Build();
    }

    private static async Task<(string[] Results, int Late)> DriveAsync(
        string input, string output, WindowSpec window, bool onUpdate, IEnumerable<ConsumedRecord> records)
    {
        var driver = new TopologyDriver(Sums("driver", input, output, window, onUpdate));
        foreach (ConsumedRecord record in records.OrderBy(static r => r.Offset))
        {
            await driver.PushAsync(record);
        }

        await driver.CloseWindowsAsync();
        return (Sorted(driver.Written), (int)driver.LateCount);
    }

    private static string[] Sorted(IEnumerable<ConsumedRecord> results) =>
        [.. results.Select(static r => $"{r.KeyText} {r.TimestampMs} {Value(r)}").Order(StringComparer.Ordinal)];

    private static long Value(ConsumedRecord record) => Serdes.Int64.Deserialize(record.Value!.Value.Span);

    private async Task RunToEndAsync(LogQueueClient client, StreamTopology topology)
    {
        await using StreamApp app = StreamApp.Start(client, topology, new StreamOptions { StopAtEnd = true });
        await app.Completion.WaitAsync(Deadline);
    }

    private async Task<(string Input, string Output)> CreateTopicsAsync(LogQueueClient client) =>
        (await CreateTopicAsync(client, PartitionCount), await CreateTopicAsync(client, PartitionCount));

    private async Task<string[]> ResultsAsync(LogQueueClient client, string output) => Sorted(await ReadAllAsync(client, output));

    /// <summary>
    /// Readings with the numbers first to first + count: a minute's progress for three of them, some out of order, every eleventh far too
    /// late. A key stays in one partition.
    /// </summary>
    private async Task<List<ConsumedRecord>> ProduceAsync(LogQueueClient client, string topic, int first, int count)
    {
        await using Producer producer = client.CreateProducer();
        var sent = new List<ConsumedRecord>();
        for (int i = first; i < first + count; i++)
        {
            var random = new Random(i);
            int key = random.Next(Keys);
            int minutesBack = i % 11 == 10 ? 60 : random.Next(0, 6);
            long time = StartMs + (long)((i / 3) - minutesBack) * 60_000;
            byte[] value = [0, 0, 0, 0, 0, 0, (byte)(i >> 8), (byte)i];
            RecordMetadata place = await producer.SendAsync(
                new OutgoingRecord(topic, Bytes($"sensor-{key}"), value) { Partition = key % PartitionCount, Timestamp = DateTimeOffset.FromUnixTimeMilliseconds(time) },
                Deadline);
            sent.Add(new ConsumedRecord(topic, key % PartitionCount, place.Offset, time, Bytes($"sensor-{key}"), value));
        }

        return sent;
    }
}
