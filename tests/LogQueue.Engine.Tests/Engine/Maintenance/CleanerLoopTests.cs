using System.Diagnostics.Metrics;
using System.Text;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using Record = LogQueue.Records.Record;

namespace LogQueue.Engine.Tests.Engine.Maintenance;

public sealed class CleanerLoopTests : IDisposable
{
    private static readonly Dictionary<string, string> Compacted = new()
    {
        ["cleanup.policy"] = "compact",
        ["segment.ms"] = "1",
        ["min.cleanable.dirty.ratio"] = "0.01",
    };

    private readonly TemporaryDirectory _directory = new();

    private static CancellationToken Timeout => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_compacted_topic_is_cleaned_and_counted()
    {
        Dictionary<string, long> counts = [];
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, l) =>
            {
                if (instrument.Name.StartsWith("logqueue.cleaner", StringComparison.Ordinal))
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) =>
        {
            if (instrument.Meter.Tags?.Any(tag => Equals(tag.Value, _directory.Path)) == true)
            {
                counts[instrument.Name] = value;
            }
        });
        listener.Start();
        await using LogEngine engine = await OpenAsync();
        Partition partition = await FillAsync(engine, "state");

        Assert.Equal(1, await engine.CleanAsync());

        Assert.Equal(["a=v9", "b=v9", "a=v10", "b=v10"], await ReadAsync(partition));
        Assert.Equal(0, partition.LogStartOffset);
        Assert.Equal(22, partition.LogEndOffset);
        listener.RecordObservableInstruments();
        Assert.Equal(18, counts["logqueue.cleaner.removed.records"]);
        Assert.True(counts["logqueue.cleaner.read.bytes"] > counts["logqueue.cleaner.written.bytes"]);
        Assert.True(counts["logqueue.cleaner.last.pass"] > 0);
        Assert.Equal(0, counts["logqueue.cleaner.uncleanable.partitions"]);
        Assert.Equal(0, await engine.CleanAsync()); // nothing is dirty now
    }

    [Fact]
    public async Task Damage_stops_the_cleaning_of_its_partition_alone()
    {
        await using LogEngine engine = await OpenAsync();
        await FillAsync(engine, "broken");
        Partition good = await FillAsync(engine, "good");
        string segment = Directory.EnumerateFiles(Path.Combine(_directory.Path, "broken-0"), "*.log").Order(StringComparer.Ordinal).ElementAt(2);
        await using (FileStream file = File.Open(segment, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            file.Position = 70;
            int value = file.ReadByte();
            file.Position = 70;
            file.WriteByte((byte)(value ^ 1));
        }

        Assert.Equal(2, await engine.CleanAsync());

        (TopicPartition partition, string reason) = Assert.Single(engine.UncleanablePartitions);
        Assert.Equal(new TopicPartition("broken", 0), partition);
        Assert.Contains(Path.GetFileName(segment), reason, StringComparison.Ordinal);
        Assert.Equal(4, (await ReadAsync(good)).Count);
        Assert.False(engine.IsOffline);
        Assert.Equal(0, await engine.CleanAsync()); // not tried again
        await engine.DeleteTopicAsync("broken", Timeout);
        Assert.Empty(engine.UncleanablePartitions);
    }

    [Fact]
    public async Task Committed_offsets_survive_the_cleaning_of_their_topic()
    {
        var partition = new TopicPartition("t", 0);
        await using (LogEngine engine = await OpenAsync())
        {
            await engine.CreateTopicAsync("t", cancellationToken: Timeout);
            for (int i = 1; i <= 300; i++)
            {
                await engine.GroupOffsets.CommitAsync("g", [new LogQueue.Engine.Groups.OffsetToCommit(partition, i)], Timeout);
                if (i % 100 == 0)
                {
                    engine.TryGetTopic(TopicName.ConsumerOffsets, out Topic? offsets);
                    offsets!.Partitions[engine.GroupOffsets.PartitionOf("g")].Log.Opened!.Roll();
                    await engine.GroupOffsets.CommitAsync("g", [new LogQueue.Engine.Groups.OffsetToCommit(partition, i)], Timeout);
                }
            }

            long before = SizeBytes(engine);
            await engine.MaintainAsync();
            Assert.Equal(1, await engine.CleanAsync());
            Assert.InRange(SizeBytes(engine), 1, before / 2);
        }

        await using LogEngine again = await OpenAsync();
        Assert.True(again.GroupOffsets.TryGet("g", partition, out LogQueue.Engine.Groups.CommittedOffset committed));
        Assert.Equal(300, committed.Offset);
    }

    private static long SizeBytes(LogEngine engine) =>
        engine.TryGetTopic(TopicName.ConsumerOffsets, out Topic? offsets) ? offsets.Partitions.Sum(static p => p.SizeBytes) : 0;

    private static async Task<Partition> FillAsync(LogEngine engine, string name)
    {
        Topic topic = await engine.CreateTopicAsync(name, 1, Compacted, Timeout);
        DateTimeOffset start = DateTimeOffset.UnixEpoch.AddYears(50);
        for (int i = 0; i <= 10; i++)
        {
            NewRecord[] records = [.. ((string[])["a", "b"]).Select(key => new NewRecord(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes($"v{i}"))
            {
                TimestampMs = start.AddSeconds(i).ToUnixTimeMilliseconds(),
            })];
            await topic.Partitions[0].AppendAsync(records, Timeout);
        }

        await engine.MaintainAsync(); // seals what was rolled
        return topic.Partitions[0];
    }

    private static async Task<List<string>> ReadAsync(Partition partition)
    {
        List<string> lines = [];
        await foreach (Record record in partition.ReadRecordsAsync(partition.LogStartOffset, cancellationToken: Timeout))
        {
            lines.Add($"{Encoding.UTF8.GetString(record.Key!.Value.Span)}={Encoding.UTF8.GetString(record.Value!.Value.Span)}");
        }

        return lines;
    }

    private Task<LogEngine> OpenAsync() => LogEngine.OpenAsync(new LogEngineOptions
    {
        DataDirectory = _directory.Path,
        Cleaner = new CleanerOptions { Backoff = TimeSpan.FromHours(1) }, // the test says when
        OffsetsPartitionCount = 2,
    }, Timeout);
}
