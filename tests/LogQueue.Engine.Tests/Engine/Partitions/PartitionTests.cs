using LogQueue.Engine.Errors;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Storage;

namespace LogQueue.Engine.Tests.Engine.Partitions;

/// <summary>The ways to append, to look up and to delete, and what they say when they refuse.</summary>
public sealed class PartitionTests : EngineTest
{
    [Theory]
    [InlineData(Durability.Commit)]
    [InlineData(Durability.Os)]
    public async Task Every_way_of_appending_lands_in_order_and_survives(Durability durability)
    {
        await using (LogEngine engine = await OpenAsync(durability))
        {
            Partition partition = await CreateAsync(engine);
            Assert.Equal(0, partition.Append(Text("k"), Text("one")));
            Assert.Equal(1, await partition.AppendAsync(null, Text("two"), cancellationToken: Deadline));
            Assert.Equal((2, 3), Offsets(partition.Append([new NewRecord(null, Text("three")), new NewRecord(null, Text("four"))])));
            Assert.Equal((4, 4), Offsets(await partition.AppendAsync([new NewRecord(null, Text("five"))], Deadline)));
            List<NewRecord> list = [new NewRecord(null, Text("six")), new NewRecord(null, Text("seven"))];
            Assert.Equal((5, 6), Offsets(await partition.AppendAsync(list, Deadline)));
            Assert.Equal((7, 7), Offsets(await partition.AppendAsync(new Queue<NewRecord>([new NewRecord(null, Text("eight"))]).ToArray().AsReadOnly(), Deadline)));
            using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions());
            builder.TryAppend(1000, default, "nine"u8);
            Assert.Equal((8, 8), Offsets(partition.Append(builder.Build())));
            Assert.Equal((9, 9), Offsets(await partition.AppendAsync(builder.Build(), Deadline)));
            await partition.FlushAsync(Deadline);
            Assert.Equal(10, partition.HighWatermark);

            using TemporaryDirectory copy = TemporaryDirectory.CopyOf(DataDirectory);
            await using LogEngine crashed = await LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = copy.Path }, Deadline);
            await CheckAsync(crashed);
        }

        await using LogEngine again = await OpenAsync(durability);
        await CheckAsync(again);

        async Task CheckAsync(LogEngine engine) => Assert.Equal(
            ["0:one", "1:two", "2:three", "3:four", "4:five", "5:six", "6:seven", "7:eight", "8:nine", "9:nine"],
            await ReadAllAsync(engine.GetTopic("t").Partitions[0]));
    }

    [Fact]
    public async Task A_refused_record_throws_with_the_reason_and_appends_nothing()
    {
        await using LogEngine engine = await OpenAsync();
        Partition small = await CreateAsync(engine, "small", ("max.message.bytes", "1000"), ("compression.type", "uncompressed"));
        Partition compacted = await CreateAsync(engine, "compacted", ("cleanup.policy", "compact"));
        byte[] large = new byte[2000];

        AppendRefusedException one = Assert.Throws<AppendRefusedException>(() => small.Append(null, large));
        Assert.Equal(AppendStatus.TooLarge, one.Result.Status);
        Assert.Contains("small-0", one.Message, StringComparison.Ordinal);
        AppendRefusedException many = await Assert.ThrowsAsync<AppendRefusedException>(async () =>
            await small.AppendAsync([.. Enumerable.Range(0, 50).Select(static _ => new NewRecord(null, new byte[100]))], Deadline));
        Assert.Contains("max.message.bytes", many.Message, StringComparison.Ordinal);
        AppendRefusedException keyless = await Assert.ThrowsAsync<AppendRefusedException>(async () =>
            await compacted.AppendAsync(null, Text("v"), cancellationToken: Deadline));
        Assert.Equal(AppendStatus.InvalidRecord, keyless.Result.Status);
        Assert.Throws<ArgumentException>(() => small.Append([]));

        Assert.Equal((0, 0), (small.LogEndOffset, compacted.LogEndOffset));
        Assert.Equal(0, small.Append(null, Text("fits")));
    }

    [Fact]
    public async Task A_cancelled_wait_takes_nothing_back()
    {
        await using LogEngine engine = await OpenAsync();
        Partition partition = await CreateAsync(engine);
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        for (int i = 0; i < 50; i++)
        {
            try
            {
                await partition.AppendAsync(null, Number(i), cancellationToken: cancelled.Token);
            }
            catch (OperationCanceledException)
            {
                // The wait ended; the record is in the log.
            }
        }

        await partition.FlushAsync(Deadline);
        Assert.Equal(Enumerable.Range(0, 50).Select(static i => $"{i}:{i}"), await ReadAllAsync(partition));
    }

    [Fact]
    public async Task Offsets_are_found_by_time_and_records_deleted_from_the_front()
    {
        DateTimeOffset start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await using LogEngine engine = await OpenAsync();
        Partition partition = await CreateAsync(engine);
        Assert.Null(partition.FindOffset(start));
        Assert.Null(partition.FindMaxTimestamp());
        foreach (int minute in new[] { 0, 10, 30, 20, 40 })
        {
            await partition.AppendAsync(null, Number(minute), start.AddMinutes(minute), Deadline);
        }

        Assert.Equal(0, partition.FindOffset(start.AddMinutes(-5))!.Value.Offset);
        Assert.Equal(2, partition.FindOffset(start.AddMinutes(11))!.Value.Offset);
        Assert.Null(partition.FindOffset(start.AddMinutes(41)));
        Assert.Equal(4, partition.FindMaxTimestamp()!.Value.Offset);

        await partition.DeleteRecordsAsync(3, Deadline);
        Assert.Equal(3, partition.LogStartOffset);
        Assert.Equal(3, partition.FindOffset(start)!.Value.Offset);
        Assert.Equal(["3:20", "4:40"], await ReadAllAsync(partition, 3));
        await Assert.ThrowsAsync<OffsetOutOfRangeException>(() => partition.DeleteRecordsAsync(6, Deadline));
        await partition.DeleteRecordsAsync(-1, Deadline);
        Assert.Equal((5, 5), (partition.LogStartOffset, partition.LogEndOffset));

        await engine.CloseAsync();
        await using LogEngine again = await OpenAsync();
        Assert.Equal(5, again.GetTopic("t").Partitions[0].LogStartOffset);
        Assert.Equal(5, await again.GetTopic("t").Partitions[0].AppendAsync(null, Text("next"), cancellationToken: Deadline));
    }

    [Fact]
    public async Task Sizes_and_settings_can_be_asked_for_and_changed_while_it_runs()
    {
        await using LogEngine engine = await OpenAsync();
        Partition partition = await CreateAsync(engine);
        Topic topic = partition.Topic;
        Assert.Same(topic, await engine.GetOrCreateTopicAsync("t", 7, cancellationToken: Deadline));
        Assert.Equal(3, (await engine.GetOrCreateTopicAsync("new", 3, cancellationToken: Deadline)).Partitions.Count);
        Assert.Equal(["new", "t"], engine.Topics.Select(static t => t.Name));
        Assert.Throws<TopicNotFoundException>(() => engine.GetTopic("missing"));

        await engine.ChangeTopicConfigsAsync("t", new Dictionary<string, string?> { ["retention.ms"] = "5000", ["max.message.bytes"] = "1000" }, Deadline);
        await engine.ChangeTopicConfigsAsync("t", new Dictionary<string, string?> { ["retention.ms"] = null }, Deadline);
        Assert.Equal(1000, topic.Config.MaxMessageBytes);
        Assert.Equal(7L * 24 * 3600 * 1000, topic.Config.RetentionMs);
        Assert.Equal(1 << 20, topic.Config.SegmentBytes);
        InvalidTopicConfigException unknown = await Assert.ThrowsAsync<InvalidTopicConfigException>(() =>
            engine.ChangeTopicConfigsAsync("t", new Dictionary<string, string?> { ["retention.mss"] = null, ["max.message.bytes"] = "2" }, Deadline));
        Assert.Equal("retention.ms", unknown.NearestKey);
        Assert.Equal(1000, topic.Config.MaxMessageBytes);
        Assert.Throws<AppendRefusedException>(() => partition.Append(null, RandomBytes(2000)));

        await partition.AppendAsync(null, Text("v"), cancellationToken: Deadline);
        Assert.True(partition.SizeBytes > 0);
        Assert.Equal(partition.SizeBytes, engine.SizeBytes);
        Assert.Equal(1, partition.SegmentCount);
        Assert.False(partition.IsDamaged);
    }

    private static (long First, long Last) Offsets(AppendResult result)
    {
        Assert.Equal(AppendStatus.Appended, result.Status);
        return (result.BaseOffset, result.LastOffset);
    }

    private static byte[] RandomBytes(int count)
    {
        byte[] bytes = new byte[count];
        new Random(1).NextBytes(bytes);
        return bytes;
    }
}
