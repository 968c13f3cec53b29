using System.Diagnostics.Metrics;
using System.Globalization;
using LogQueue.Engine;
using LogQueue.Engine.Groups;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Records;

// The engine inside another program, published with NativeAOT by EmbeddedSampleTests: opens, appends with every codec, reads by offset and
// by time, follows, commits a group's offset, closes, and does it again on the same directory.
string directory = args.Length == 1 ? args[0] : throw new ArgumentException("Name one directory for the data.");
using var listener = new MeterListener
{
    InstrumentPublished = static (instrument, l) =>
    {
        if (instrument.Meter.Name == "LogQueue.Engine")
        {
            l.EnableMeasurementEvents(instrument);
        }
    },
};
long appended = 0;
listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => appended += instrument.Name == "logqueue.append.records" ? value : 0);
listener.Start();

for (int round = 0; round < 2; round++)
{
    await using LogEngine engine = await LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = directory });
    foreach (string codec in (string[])["producer", "uncompressed", "gzip", "snappy", "zstd"])
    {
        Topic topic = await engine.GetOrCreateTopicAsync(codec, 1, new Dictionary<string, string> { ["compression.type"] = codec });
        Partition log = topic.Partitions[0];
        DateTimeOffset start = DateTimeOffset.FromUnixTimeSeconds(1_735_689_600);
        for (int i = 0; i < 100; i++)
        {
            log.Append("pump-7"u8.ToArray(), BitConverter.GetBytes(20.0 + i), start.AddMinutes((round * 100) + i));
        }

        await log.AppendAsync("pump-7"u8.ToArray(), BitConverter.GetBytes(0.0), start.AddMinutes((round * 100) + 99.5));
        long offset = log.FindOffset(start.AddMinutes((round * 100) + 50))!.Value.Offset;
        double sum = 0;
        using (RecordReader reader = log.CreateReader(offset))
        {
            while (reader.TryRead(out RecordView record))
            {
                sum += BitConverter.ToDouble(record.Value);
            }
        }

        await foreach (Record record in log.ReadRecordsAsync(offset, follow: true))
        {
            await engine.GroupOffsets.CommitAsync("sample", [new OffsetToCommit(log.Id, record.Offset + 1)]);
            break;
        }

        bool isCommitted = engine.GroupOffsets.TryGet("sample", log.Id, out CommittedOffset committed) && committed.Offset == offset + 1;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{codec} {offset} {log.HighWatermark} {sum} {isCommitted}"));
    }
}

Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"appended {appended > 1010}"));
