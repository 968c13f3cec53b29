using System.Buffers.Binary;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>Logs to damage, and the one oracle for them: what is served is what was written, what is lost is what was damaged.</summary>
internal static class DamageRig
{
    public static readonly LogOptions Options = new()
    {
        SegmentBytes = 64 << 10,
        IndexIntervalBytes = 1024,
        PreallocateFirstBytes = 4096,
        PreallocateStepBytes = 16 << 10,
        RetentionMs = -1,
    };

    public static bool IsLong => Environment.GetEnvironmentVariable("LOGQUEUE_LONG") == "1";

    /// <summary>A closed log of a full sealed segment and a nearly full active one, of batches of 1 to 3 records.</summary>
    public static SimulatedStorageDevice Closed(LogOptions? options = null, int batches = 330, int valueBytes = 300)
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device, options ?? Options);
        Fill(rig, batches, valueBytes);
        rig.Log.CloseAsync().GetAwaiter().GetResult();
        return device;
    }

    public static void Fill(StorageRig rig, int batches, int valueBytes = 300)
    {
        for (int i = 0; i < batches; i++)
        {
            long offset = rig.Log.LogEndOffset;
            byte[] batch = TestBatches.Build((i % 3) + 1, offset, TestBatches.StartMs + offset, valueBytes / ((i % 3) + 1));
            Assert.Equal(AppendStatus.Appended, rig.Log.Append(batch, AppendOrigin.Client).Status);
            if (i % 10 == 9)
            {
                rig.Log.Commit();
            }
        }

        rig.Log.Commit();
    }

    /// <summary>Reads the whole log; inside damage goes on behind it. Returns the lost offsets as [from, to).</summary>
    public static List<(long From, long To)> Survey(PartitionLog log)
    {
        List<(long From, long To)> lost = [];
        long offset = log.LogStartOffset;
        while (offset < log.LogEndOffset)
        {
            ReadResult read = log.Read(offset, 20_000, ReadIsolation.LogEnd, atLeastOneBatch: true);
            if (read.Status == ReadStatus.Corrupt)
            {
                lost = Add(lost, offset);
                offset++;
                continue;
            }

            Assert.Equal(ReadStatus.Ok, read.Status);
            byte[] bytes = new byte[read.Records.LengthBytes];
            read.Records.CopyTo(bytes);
            read.Records.Dispose();
            var seen = new List<SeenRecord>();
            long next = StorageRig.Decode(bytes, offset, seen);
            Assert.All(seen, static r => Assert.True(r.Tag == r.Offset && r.TimestampMs == TestBatches.StartMs + r.Offset, $"{r} is not what was written"));
            Assert.Equal(next - offset, seen.Count);
            for (int at = 0; at < bytes.Length; at += BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 8)) + 12)
            {
                Assert.Equal(0, BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(at + 12)));
            }

            offset = next;
        }

        return lost;
    }

    /// <summary>The offsets of the batch in which a byte of a log file lies.</summary>
    public static (long From, long To) BatchAt(byte[] log, long position)
    {
        for (int at = 0; ;)
        {
            int size = BinaryPrimitives.ReadInt32BigEndian(log.AsSpan(at + 8)) + 12;
            if (position < at + size)
            {
                long from = BinaryPrimitives.ReadInt64BigEndian(log.AsSpan(at));
                return (from, from + BinaryPrimitives.ReadInt32BigEndian(log.AsSpan(at + 23)) + 1);
            }

            at += size;
        }
    }

    public static string[] Logs(IStorageDevice device) =>
        [.. device.ListFiles(StorageRig.Directory).Where(static n => n.EndsWith(".log", StringComparison.Ordinal)).Select(static n => $"{StorageRig.Directory}/{n}")];

    public static string FileOf(IStorageDevice device, string suffix) =>
        $"{StorageRig.Directory}/{device.ListFiles(StorageRig.Directory).First(n => n.EndsWith(suffix, StringComparison.Ordinal))}";

    private static List<(long From, long To)> Add(List<(long From, long To)> lost, long offset)
    {
        if (lost is [.., var last] && last.To == offset)
        {
            lost[^1] = (last.From, offset + 1);
            return lost;
        }

        return [.. lost, (offset, offset + 1)];
    }
}
