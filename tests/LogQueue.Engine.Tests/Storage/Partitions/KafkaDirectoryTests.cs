using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Kafka;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>Partition directories that Apache Kafka 4.4 wrote open as ours and read as Kafka reads them.</summary>
public sealed class KafkaDirectoryTests : IDisposable
{
    private readonly KafkaDirectory _kafka = KafkaDirectory.Extract(KafkaDirectory.Partitions);

    [Theory]
    [InlineData("readings", 0, 7500)]
    [InlineData("readings", 1, 7500)]
    [InlineData("orders-txn", 0, 2460)]
    [InlineData("devices-compacted", 0, 1200)]
    public void Reads_as_Kafka_reads_it(string topic, int partition, long logEnd)
    {
        foreach (ReadIsolation isolation in (ReadIsolation[])[ReadIsolation.Uncommitted, ReadIsolation.Committed])
        {
            using PartitionLog log = Open(topic, partition);
            Assert.Empty(log.Recovery.Damage);
            Assert.Equal(logEnd, log.LogEndOffset);
            Assert.Equal(logEnd, log.LastStableOffset);
            Assert.NotEqual(Guid.Empty, log.TopicId);
            List<string> expected = _kafka.Expected(topic, partition, isolation == ReadIsolation.Committed);
            List<string> actual = ReadAll(log, topic, partition, isolation);
            Assert.Equal(expected.Count, actual.Count);
            Assert.Equal(expected, actual);
        }
    }

    [Fact]
    public async Task Goes_on_after_it_was_closed_by_us()
    {
        List<string> before;
        using (PartitionLog log = Open("orders-txn", 0))
        {
            before = ReadAll(log, "orders-txn", 0, ReadIsolation.Committed);
            AppendResult result = log.Append(TestBatches.Build(2, 0, 1_800_000_000_000), AppendOrigin.Internal);
            Assert.Equal(2460, result.BaseOffset);
            log.Commit();
            await log.CloseAsync();
        }

        using PartitionLog again = Open("orders-txn", 0);
        Assert.Equal(2462, again.LogEndOffset);
        Assert.InRange(again.Recovery.ScannedBytes, 0, 20_000);
        Assert.Equal(before, ReadAll(again, "orders-txn", 0, ReadIsolation.Committed).Take(before.Count));
    }

    [Fact]
    public void A_producer_of_Kafka_is_known()
    {
        using PartitionLog log = Open("orders-txn", 0);
        byte[] stale = TestBatches.Build(1, 0, 1_800_000_000_000, producerId: 5, producerEpoch: 0, baseSequence: 0, transactional: true);
        Assert.Equal(AppendStatus.InvalidProducerEpoch, log.Append(stale, AppendOrigin.Internal).Status);
    }

    public void Dispose() => _kafka.Dispose();

    private PartitionLog Open(string topic, int partition)
    {
        var rig = new StorageRig(DiskStorageDevice.Create(), new LogOptions { Compacted = topic == "devices-compacted" },
            directory: Path.Combine(_kafka.DataDirectory, $"{topic}-{partition}"), clean: true);
        return rig.Log;
    }

    private static List<string> ReadAll(PartitionLog log, string topic, int partition, ReadIsolation isolation)
    {
        List<string> lines = [];
        long from = log.LogStartOffset;
        while (true)
        {
            ReadResult result = log.Read(from, 100_000, isolation, atLeastOneBatch: true);
            Assert.Equal(ReadStatus.Ok, result.Status);
            if (result.Records.IsEmpty)
            {
                return lines;
            }

            byte[] bytes = new byte[result.Records.LengthBytes];
            result.Records.CopyTo(bytes);
            result.Records.Dispose();
            var aborted = new HashSet<long>();
            var pending = new Queue<AbortedTransaction>(result.AbortedTransactions.OrderBy(static a => a.FirstOffset));
            for (int at = 0; at < bytes.Length;)
            {
                Assert.True(RecordBatchView.TryReadSize(bytes.AsSpan(at), out int size));
                var view = new RecordBatchView(bytes.AsSpan(at, size));
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
                    AddLines(bytes.AsMemory(at, size), topic, partition, from, lines);
                }

                from = view.NextOffset;
                at += size;
            }
        }
    }

    private static void AddLines(ReadOnlyMemory<byte> batch, string topic, int partition, long from, List<string> lines)
    {
        using RecordBatchReader reader = RecordBatchReader.Open(batch);
        while (reader.TryRead(out LogQueue.Records.Record record))
        {
            if (record.Offset >= from)
            {
                lines.Add(KafkaDirectory.Line(topic, partition, record.Offset, record.TimestampMs, record.Key, record.Value));
            }
        }
    }
}
