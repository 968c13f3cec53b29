using System.Buffers.Binary;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using Microsoft.Extensions.Time.Testing;

namespace LogQueue.TestKit.Storage;

/// <summary>One record as a test sees it.</summary>
internal readonly record struct SeenRecord(long Offset, long TimestampMs, long Tag);

/// <summary>A log on a device with a fake clock and a commit log without a thread.</summary>
internal sealed class StorageRig : IDisposable
{
    public const string Root = "/data";
    public const string Directory = "/data/topic-0";

    public StorageRig(IStorageDevice? device = null, LogOptions? options = null, bool publishDurableOnly = true, string? directory = null, bool clean = false)
    {
        Device = device ?? new SimulatedStorageDevice(Root);
        var fence = new DirectoryFence();
        Context = new PartitionLogContext
        {
            Device = Device,
            TimeProvider = Time,
            Fence = fence,
            CommitLog = new InlineCommitLog(),
            PublishDurableOnly = publishDurableOnly,
            FileBudget = new LeaseBudget(4) { SyncFailed = fence.Trip },
            MapBudget = new LeaseBudget(4),
        };
        Log = PartitionLog.Open(Context, directory ?? Directory, new TopicPartition("topic", 0), options ?? new LogOptions(), clean);
    }

    public IStorageDevice Device { get; }

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.FromUnixTimeMilliseconds(TestBatches.StartMs));

    public PartitionLogContext Context { get; }

    public PartitionLog Log { get; }

    /// <summary>Everything that a reader sees from an offset on.</summary>
    public static List<SeenRecord> ReadAll(PartitionLog log, long from, ReadIsolation isolation = ReadIsolation.LogEnd, int maxBytes = 4096)
    {
        var seen = new List<SeenRecord>();
        while (true)
        {
            ReadResult result = log.Read(from, maxBytes, isolation, atLeastOneBatch: true);
            if (result.Status != ReadStatus.Ok)
            {
                throw new InvalidOperationException($"Read at {from}: {result.Status}");
            }

            if (result.Records.IsEmpty)
            {
                return seen;
            }

            byte[] bytes = new byte[result.Records.LengthBytes];
            result.Records.CopyTo(bytes);
            result.Records.Dispose();
            long next = Decode(bytes, from, seen);
            if (next <= from)
            {
                throw new InvalidOperationException($"A read at {from} made no progress.");
            }

            from = next;
        }
    }

    /// <summary>Decodes batches; returns the offset after them.</summary>
    public static long Decode(byte[] bytes, long from, List<SeenRecord> seen)
    {
        long next = from;
        for (int at = 0; at < bytes.Length;)
        {
            if (!RecordBatchView.TryReadSize(bytes.AsSpan(at), out int size) || at + size > bytes.Length)
            {
                throw new InvalidOperationException("A read returned part of a batch.");
            }

            var view = new RecordBatchView(bytes.AsSpan(at, size));
            if (!view.IsChecksumValid)
            {
                throw new InvalidOperationException($"A read returned a batch with a wrong checksum at {view.BaseOffset}.");
            }

            next = view.NextOffset;
            if (!view.IsControl)
            {
                using RecordBatchReader reader = RecordBatchReader.Open(bytes.AsMemory(at, size));
                while (reader.TryRead(out LogQueue.Records.Record record))
                {
                    if (record.Offset >= from)
                    {
                        ReadOnlySpan<byte> value = record.Value!.Value.Span;
                        seen.Add(new SeenRecord(record.Offset, record.TimestampMs, value.Length >= 8 ? BinaryPrimitives.ReadInt64BigEndian(value) : 0));
                    }
                }
            }

            at += size;
        }

        return next;
    }

    public void Dispose() => Log.Dispose();
}
