using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Engine.Inspection;

/// <summary>A closed partition of several sealed segments: plain and idempotent batches in all codecs, committed and aborted transactions.</summary>
internal sealed class WrittenPartition : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public string DataDirectory => _directory.Path;

    public string Path => System.IO.Path.Combine(_directory.Path, "readings-0");

    public long RecordCount { get; private set; }

    public long NextOffset { get; private set; }

    public static async Task<WrittenPartition> CreateAsync(int rounds = 150)
    {
        var written = new WrittenPartition();
        await using LogEngine engine = await LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = written.DataDirectory });
        Topic topic = await engine.CreateTopicAsync("readings", 1, new Dictionary<string, string> { ["segment.bytes"] = "1048576" });
        Partition log = topic.Partitions[0];
        int sequence = 0;
        int transactionSequence = 0;
        for (int i = 0; i < rounds; i++)
        {
            CompressionType codec = (CompressionType)(i % 5);
            written.Append(log, TestBatches.Build(40, i * 1000, TestBatches.StartMs + (i * 100), valueBytes: 500, compression: codec));
            written.Append(log, TestBatches.Build(20, i * 1000, TestBatches.StartMs + (i * 100), valueBytes: 300, producerId: 7, producerEpoch: 0,
                baseSequence: sequence, compression: codec));
            sequence += 20;
            written.Append(log, TestBatches.Build(5, i * 1000, TestBatches.StartMs + (i * 100), valueBytes: 200, producerId: 9, producerEpoch: 0,
                baseSequence: transactionSequence, transactional: true));
            transactionSequence += 5;
            written.Append(log, TestBatches.Marker(9, 0, commit: i % 3 != 0, timestampMs: TestBatches.StartMs + (i * 100)), isMarker: true);
        }

        await log.WaitUntilDurableAsync(log.LogEndOffset);
        written.NextOffset = log.LogEndOffset;
        return written;
    }

    public string[] Files(string pattern) => [.. Directory.GetFiles(Path, pattern).Order(StringComparer.Ordinal)];

    public void Dispose() => _directory.Dispose();

    private void Append(Partition log, byte[] batch, bool isMarker = false)
    {
        AppendResult result = log.Append(batch, AppendOrigin.Internal);
        Assert.Equal(AppendStatus.Appended, result.Status);
        RecordCount += isMarker ? 0 : result.NextOffset - result.BaseOffset;
    }
}
