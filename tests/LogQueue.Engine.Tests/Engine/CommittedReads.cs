using LogQueue.Engine.Inspection;
using LogQueue.Engine.Partitions;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.TestKit.Kafka;

namespace LogQueue.Engine.Tests.Engine;

/// <summary>Reads a partition through the engine as a consumer of either isolation does: aborted records by the index of a read.</summary>
internal static class CommittedReads
{
    public static List<string> Lines(Partition partition, bool committed)
    {
        List<string> lines = [];
        long from = partition.LogStartOffset;
        while (true)
        {
            ReadResult result = partition.Read(from, 100_000, committed ? ReadIsolation.Committed : ReadIsolation.Uncommitted);
            Assert.Equal(ReadStatus.Ok, result.Status);
            if (result.Records.IsEmpty)
            {
                return lines;
            }

            byte[] bytes = new byte[result.Records.LengthBytes];
            result.Records.CopyTo(bytes);
            result.Records.Dispose();
            var pending = new Queue<AbortedTransaction>((result.AbortedTransactions ?? []).OrderBy(static a => a.FirstOffset));
            var aborted = new HashSet<long>();
            for (int at = 0; at < bytes.Length;)
            {
                Assert.True(RecordBatchView.TryReadSize(bytes.AsSpan(at), out int size));
                ReadOnlyMemory<byte> batch = bytes.AsMemory(at, size);
                var view = new RecordBatchView(batch.Span);
                while (pending.Count > 0 && pending.Peek().FirstOffset <= view.LastOffset)
                {
                    aborted.Add(pending.Dequeue().ProducerId);
                }

                if (view.IsControl)
                {
                    aborted.Remove(view.ProducerId);
                }
                else if (!view.IsTransactional || !aborted.Contains(view.ProducerId))
                {
                    Add(lines, partition, batch, from);
                }

                from = view.NextOffset;
                at += size;
            }
        }
    }

    /// <summary>The same, read from the files without an engine.</summary>
    public static List<string> OfFiles(string dataDirectory, string topic, int partition, bool committed) =>
        [.. LogInspector.Records(Path.Combine(dataDirectory, $"{topic}-{partition}"), new RecordQuery { CommittedOnly = committed })
            .Select(r => KafkaDirectory.Line(topic, partition, r.Record.Offset, r.Record.TimestampMs, r.Record.Key, r.Record.Value))];

    private static void Add(List<string> lines, Partition partition, ReadOnlyMemory<byte> batch, long from)
    {
        using RecordBatchReader reader = RecordBatchReader.Open(batch);
        while (reader.TryRead(out LogQueue.Records.Record record))
        {
            if (record.Offset >= from)
            {
                lines.Add(KafkaDirectory.Line(partition.Id.Topic, partition.Id.Partition, record.Offset, record.TimestampMs, record.Key, record.Value));
            }
        }
    }
}
