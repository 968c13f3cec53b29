using CsCheck;
using LogQueue.Client.Serialization;
using LogQueue.Streams;

namespace LogQueue.Client.Tests.Streams;

/// <summary>Windows go by event time alone.</summary>
public sealed class WindowAggregatorTests
{
    private const string Topic = "readings";

    private static readonly Gen<(int Partition, int Key, int Time, int Value)[]> Readings =
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 3], Gen.Int[0, 400], Gen.Int[0, 100]).Array[0, 80];

    private static readonly Gen<WindowSpec> Windows = Gen.Select(Gen.Int[1, 60], Gen.Int[1, 60], Gen.Int[0, 40]).Select(static (a, b, grace) =>
        WindowSpec.Hopping(TimeSpan.FromMilliseconds(Math.Max(a, b)), TimeSpan.FromMilliseconds(Math.Min(a, b)), TimeSpan.FromMilliseconds(grace)));

    [Fact]
    public async Task A_window_closes_when_event_time_passes_its_end_and_grace()
    {
        (TopologyDriver driver, List<string> results) = Create(WindowSpec.Tumbling(TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(5)), onUpdate: false);
        await driver.PushAsync(Reading(0, 0, 1, 3, 7));
        await driver.PushAsync(Reading(0, 1, 1, 9, 1));
        await driver.PushAsync(Reading(0, 2, 1, 14, 100));
        Assert.Empty(results);

        await driver.PushAsync(Reading(0, 3, 1, 15, 100));

        Assert.Equal(["1 0-10 8"], results);
    }

    [Fact]
    public async Task A_late_record_within_the_grace_counts_and_one_after_it_does_not()
    {
        (TopologyDriver driver, List<string> results) = Create(WindowSpec.Tumbling(TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(5)), onUpdate: false);
        await driver.PushAsync(Reading(0, 0, 1, 14, 1));
        await driver.PushAsync(Reading(0, 1, 1, 9, 2));
        await driver.PushAsync(Reading(0, 2, 1, 15, 1));
        await driver.PushAsync(Reading(0, 3, 1, 8, 1000));
        await driver.CloseWindowsAsync();

        Assert.Equal(["1 0-10 2", "1 10-20 2"], results);
        Assert.Equal(1, driver.LateCount);
    }

    [Fact]
    public async Task The_last_update_of_a_window_is_its_closing_result()
    {
        (TopologyDriver driver, List<string> results) = Create(WindowSpec.Tumbling(TimeSpan.FromMilliseconds(10), TimeSpan.Zero), onUpdate: true);
        await driver.PushAsync(Reading(0, 0, 1, 1, 1));
        await driver.PushAsync(Reading(0, 1, 1, 2, 2));
        await driver.PushAsync(Reading(0, 2, 1, 11, 5));
        await driver.CloseWindowsAsync();

        Assert.Equal(["1 0-10 1", "1 0-10 3", "1 10-20 5"], results);
    }

    [Fact]
    public void A_replay_interleaved_in_any_way_gives_the_same_results() => Gen.Select(Readings, Windows, Gen.Int).Sample(
        (readings, window, seed) =>
        {
            ConsumedRecord[] records = Numbered(readings);
            string[] inOrder = Run(records, window);
            string[] shuffled = Run(InterleavedBy(new Random(seed), records), window);
            Assert.Equal(inOrder.Order(StringComparer.Ordinal), shuffled.Order(StringComparer.Ordinal));
        },
        iter: 400);

    [Fact]
    public void A_restart_at_any_point_changes_no_result() => Gen.Select(Readings, Windows, Gen.Int[0, 80]).Sample(
        (readings, window, cut) =>
        {
            ConsumedRecord[] records = Numbered(readings);
            var results = new List<string>();
            TopologyDriver first = new(Topology(window, onUpdate: false, results));
            foreach (ConsumedRecord record in records.Take(cut))
            {
                Wait(first.PushAsync(record));
            }

            long lateBefore = first.LateCount;
            (TopologyDriver second, IReadOnlyDictionary<Records.TopicPartition, long> from) = first.Restart();
            foreach (ConsumedRecord record in records.Where((r, i) => from.TryGetValue(r.TopicPartition, out long start) ? r.Offset >= start : i >= cut))
            {
                Wait(second.PushAsync(record));
            }

            Wait(second.CloseWindowsAsync());

            Assert.Equal(Run(records, window).Order(StringComparer.Ordinal), results.Order(StringComparer.Ordinal));
            Assert.Equal(LateCount(records, window), lateBefore + second.LateCount);
        },
        iter: 400);

    [Fact]
    public void Every_record_is_in_each_window_that_holds_its_time() => Gen.Select(Readings, Windows).Sample(
        (readings, window) =>
        {
            TimeSpan never = TimeSpan.FromDays(1);
            WindowSpec patient = WindowSpec.Hopping(TimeSpan.FromMilliseconds(window.SizeMs), TimeSpan.FromMilliseconds(window.AdvanceMs), never);
            var expected = new Dictionary<(int, long), int>();
            foreach ((int partition, int key, int time, int value) in readings)
            {
                for (long start = -window.SizeMs * 2 / window.AdvanceMs * window.AdvanceMs; start <= time; start += window.AdvanceMs)
                {
                    if (start <= time && time < start + window.SizeMs)
                    {
                        int k = (key * 3) + partition;
                        expected[(k, start)] = expected.GetValueOrDefault((k, start)) + value;
                    }
                }
            }

            string[] actual = Run(Numbered(readings), patient);
            Assert.Equal(
                expected.Select(e => $"{e.Key.Item1} {e.Key.Item2}-{e.Key.Item2 + window.SizeMs} {e.Value}").Order(StringComparer.Ordinal),
                actual.Order(StringComparer.Ordinal));
        },
        iter: 200);

    private static void Wait(ValueTask task) => task.AsTask().GetAwaiter().GetResult();

    private static string[] Run(IEnumerable<ConsumedRecord> records, WindowSpec window)
    {
        (TopologyDriver driver, List<string> results) = Create(window, onUpdate: false);
        foreach (ConsumedRecord record in records)
        {
            Wait(driver.PushAsync(record));
        }

        Wait(driver.CloseWindowsAsync());
        return [.. results];
    }

    private static long LateCount(IEnumerable<ConsumedRecord> records, WindowSpec window)
    {
        (TopologyDriver driver, _) = Create(window, onUpdate: false);
        foreach (ConsumedRecord record in records)
        {
            Wait(driver.PushAsync(record));
        }

        return driver.LateCount;
    }

    private static (TopologyDriver Driver, List<string> Results) Create(WindowSpec window, bool onUpdate)
    {
        var results = new List<string>();
        return (new TopologyDriver(Topology(window, onUpdate, results)), results);
    }

    private static StreamTopology Topology(WindowSpec window, bool onUpdate, List<string> results)
    {
        var builder = new StreamBuilder("test");
        AggregatedStream<int, int, int> sums = builder.Stream(Topic, Serdes.Int32, Serdes.Int32).GroupByKey().Window(window).Aggregate(() => 0, (sum, value) => sum + value);
        (onUpdate ? sums.EmitOnUpdate() : sums.EmitOnClose()).ForEach(r => results.Add($"{r.Key.Key} {r.Key.StartMs}-{r.Key.EndMs} {r.Value}"));
        return builder.Build();
    }

    // A key belongs to one partition, as the partitioner would have it.
    private static ConsumedRecord[] Numbered((int Partition, int Key, int Time, int Value)[] readings)
    {
        var next = new long[3];
        return [.. readings.Select(r => Reading(r.Partition, next[r.Partition]++, (r.Key * 3) + r.Partition, r.Time, r.Value))];
    }

    private static IEnumerable<ConsumedRecord> InterleavedBy(Random random, ConsumedRecord[] records)
    {
        Queue<ConsumedRecord>[] partitions = [.. records.GroupBy(static r => r.Partition).Select(static p => new Queue<ConsumedRecord>(p))];
        while (partitions.Where(static p => p.Count > 0).ToArray() is { Length: > 0 } open)
        {
            yield return open[random.Next(open.Length)].Dequeue();
        }
    }

    private static ConsumedRecord Reading(int partition, long offset, int key, int time, int value)
    {
        byte[] Bytes(int number)
        {
            var buffer = new System.Buffers.ArrayBufferWriter<byte>();
            Serdes.Int32.Serialize(number, buffer);
            return buffer.WrittenSpan.ToArray();
        }

        return new ConsumedRecord(Topic, partition, offset, time, Bytes(key), Bytes(value));
    }
}
