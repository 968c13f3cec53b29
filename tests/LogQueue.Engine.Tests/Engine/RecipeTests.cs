using System.Diagnostics.Metrics;
using LogQueue.Engine.Errors;
using LogQueue.Engine.Groups;
using LogQueue.Engine.Partitions;
using LogQueue.Records;
using LogQueue.Storage;
using Record = LogQueue.Records.Record;

namespace LogQueue.Engine.Tests.Engine;

/// <summary>The recipes of engine/README.md, compiled and run; <see cref="ReadmeExampleTests"/> compares the texts.</summary>
public sealed class RecipeTests : EngineTest
{
    private static (ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value) Reading => (Text("pump-7"), BitConverter.GetBytes(21.5));

    [Fact]
    public async Task Append_durably_or_not()
    {
        (ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value) = Reading;
        await using LogEngine engine = await OpenAsync();
        Partition log = await CreateAsync(engine);

        // example
        long first = await log.AppendAsync(key, value);          // durable when it returns
        long last = log.Append(key, value);                      // written: a power cut may still take it
        await log.WaitUntilDurableAsync(last + 1);               // one wait for everything before
        // end
        Assert.Equal((0, 1, 2), (first, last, log.HighWatermark));
    }

    [Fact]
    public async Task Batches()
    {
        (ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value) = Reading;
        await using LogEngine engine = await OpenAsync();
        Partition log = await CreateAsync(engine);
        Partition copy = await CreateAsync(engine, "copy");

        // example
        RecordHeader unit = new("unit", "bar"u8.ToArray());
        await log.AppendAsync([new NewRecord(key, value), new NewRecord(key, value) { Headers = [unit] }]);   // all or none
        using LeasedBatches batches = log.ReadBatches(0);        // as they lie in the log, in pooled memory
        foreach (ReadOnlyMemory<byte> batch in batches)
        {
            byte[] ready = batch.ToArray();
            RecordBatchStamp.Stamp(ready, baseOffset: 0, partitionLeaderEpoch: -1);   // a ready batch starts at 0
            AppendResult stored = await copy.AppendAsync(ready);                      // look at stored.Status
        }

        // end
        Assert.Equal(2, copy.HighWatermark);
    }

    [Fact]
    public async Task Read_from_a_time_without_an_allocation()
    {
        ReadOnlyMemory<byte> key = Reading.Key;
        DateTimeOffset start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await using LogEngine engine = await OpenAsync();
        Partition log = await CreateAsync(engine);
        for (int i = 0; i < 10; i++)
        {
            await log.AppendAsync(key, BitConverter.GetBytes(1.0 * i), start.AddMinutes(i), Deadline);
        }

        // example
        double sum = 0;
        long from = log.FindOffset(start.AddMinutes(5))?.Offset ?? log.HighWatermark;
        using RecordReader reader = log.CreateReader(from, ReadIsolation.Committed);
        while (reader.TryRead(out RecordView record))
        {
            sum += BitConverter.ToDouble(record.Value);
        }

        // end
        Assert.Equal(5 + 6 + 7 + 8 + 9, sum);
    }

    [Fact]
    public async Task Follow_and_resume_as_a_group()
    {
        (ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value) = Reading;
        using CancellationTokenSource stop = new();
        await using LogEngine engine = await OpenAsync();
        Partition log = await CreateAsync(engine);
        await log.AppendAsync(key, value);
        await log.AppendAsync(key, value);
        List<long> seen = [];

        // example
        long from = engine.GroupOffsets.TryGet("billing", log.Id, out CommittedOffset stored) ? stored.Offset : log.LogStartOffset;
        await foreach (Record record in log.ReadRecordsAsync(from, follow: true, cancellationToken: stop.Token))
        {
            seen.Add(record.Offset);
            await engine.GroupOffsets.CommitAsync("billing", [new OffsetToCommit(log.Id, record.Offset + 1)]);
            if (seen.Count == 2)
            {
                break;
            }
        }

        // end
        Assert.Equal([0, 1], seen);
        Assert.True(engine.GroupOffsets.TryGet("billing", log.Id, out stored) && stored.Offset == 2);
    }

    [Fact]
    public async Task Retention_and_compaction()
    {
        await using LogEngine engine = await OpenAsync();

        // example
        await engine.GetOrCreateTopicAsync("sensors", 4, new Dictionary<string, string> { ["retention.ms"] = "86400000" });
        await engine.GetOrCreateTopicAsync("latest", 1, new Dictionary<string, string> { ["cleanup.policy"] = "compact" });
        await engine.ChangeTopicConfigsAsync("sensors", new Dictionary<string, string?> { ["retention.bytes"] = "1073741824", ["retention.ms"] = null });
        await engine.GetTopic("sensors").Partitions[0].DeleteRecordsAsync(beforeOffset: -1);   // all there is
        // end
        Assert.Equal((1L << 30, 7L * 86_400_000), (engine.GetTopic("sensors").Config.RetentionBytes, engine.GetTopic("sensors").Config.RetentionMs));
        Assert.True(engine.GetTopic("latest").Config.IsCompacted);
    }

    [Fact]
    public async Task Metrics_of_several_engines()
    {
        (ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value) = Reading;
        using TemporaryDirectory other = new();
        string[] directories = [DataDirectory, other.Path];
        var counts = new Dictionary<string, long>();

        // example
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Name == "LogQueue.Engine")
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, count, tags, _) => Add(instrument.Name, count, tags));
        listener.Start();
        await using LogEngine first = await LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = directories[0] });
        await using LogEngine second = await LogEngine.OpenAsync(
            new LogEngineOptions { DataDirectory = directories[1], Durability = Durability.Os });
        // end
        (await first.CreateTopicAsync("t")).Partitions[0].Append(key, value);
        (await second.CreateTopicAsync("t")).Partitions[0].Append([new NewRecord(key, value), new NewRecord(key, value)]);
        Assert.Equal([1, 2], directories.Select(directory => counts[directory]));

        void Add(string name, long count, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (name == "logqueue.append.records" && directories.Contains((string)tags[0].Value!))
            {
                string engine = (string)tags[0].Value!;
                counts[engine] = counts.GetValueOrDefault(engine) + count;
            }
        }
    }

    [Fact]
    public async Task When_the_disk_is_full()
    {
        (ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value) = Reading;
        await using LogEngine engine = await LogEngine.OpenAsync(
            new LogEngineOptions { DataDirectory = DataDirectory, DiskMinFreeBytes = long.MaxValue }, Deadline);
        Partition log = await CreateAsync(engine);
        string said = "";

        // example
        try
        {
            await log.AppendAsync(key, value);
        }
        catch (AppendRefusedException e) when (e.Result.Status == AppendStatus.DiskFull)
        {
            said = e.Message;                                    // nothing was appended, reads go on: make room, append again
        }
        catch (LogOfflineException e)
        {
            said = e.Message;                                    // a sync failed: the outcome shows after the next open
        }

        // end
        Assert.Contains("logqueue.disk.min.free.bytes", said, StringComparison.Ordinal);
        Assert.Equal(0, log.LogEndOffset);
    }
}
