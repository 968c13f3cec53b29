using System.Buffers.Binary;
using LogQueue.Engine.Tests.Storage.Partitions;
using LogQueue.Storage;
using LogQueue.Storage.Partitions;
using LogQueue.Storage.Segments;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Segments;

/// <summary>
/// Every single flipped bit of a 64 KiB segment, read as a reader reads it: never served, and nothing but its own batch is lost. All
/// 524,288 of them with LOGQUEUE_LONG=1, every 11th otherwise; the steps are prime to 8, so every bit of a byte and every field is met.
/// </summary>
public sealed class EveryBitTests
{
    private static int Step => DamageRig.IsLong ? 1 : 11;

    [Fact]
    public void Of_a_sealed_segment()
    {
        SimulatedStorageDevice device = DamageRig.Closed();
        FlipAll(device, 0, isSealed: true);
    }

    [Fact]
    public void Of_an_active_segment()
    {
        SimulatedStorageDevice device = DamageRig.Closed();
        FlipAll(device, 1, isSealed: false);
    }

    private static void FlipAll(SimulatedStorageDevice device, int slot, bool isSealed)
    {
        string path = DamageRig.Logs(device)[slot];
        byte[] original = device.Content(path);
        Assert.InRange(original.Length, 60_000, 64 << 10);
        using var rig = new StorageRig(device, DamageRig.Options);
        var recovery = new LogRecovery(rig.Context, StorageRig.Directory, DamageRig.Options, cleanShutdown: false);
        recovery.Run();
        LogSegment segment = recovery.Segments.Snapshot[slot];
        Assert.True(segment.Log.TryAcquire());
        segment.Integrity.AllowGaps = false;
        var offsets = new LogOffsets();
        offsets.Set(0, recovery.LogEndOffset, recovery.LogEndOffset, recovery.LogEndOffset);
        byte[] served = new byte[original.Length];
        for (long bit = 0; bit < original.Length * 8L; bit += Step)
        {
            device.FlipBit(path, bit);
            segment.Integrity.Distrust(segment.SizeBytes, segment.NextOffset, isSealed);
            var reader = new LogReader(recovery.Segments, offsets, recovery.Epochs, new Quarantine(rig.Context, StorageRig.Directory, recovery.Segments, offsets, []));
            (long from, long to) = DamageRig.BatchAt(original, bit / 8);
            int bytes = 0;
            for (long offset = segment.BaseOffset; offset < segment.NextOffset;)
            {
                ReadResult read = reader.Read(offset, served.Length, ReadIsolation.LogEnd, atLeastOneBatch: true);
                if (read.Status == ReadStatus.Corrupt)
                {
                    Assert.True(offset == from, $"bit {bit}: offset {offset} is refused, damaged are {from} to {to - 1}");
                    offset = to;
                    continue;
                }

                Assert.True(read.Status == ReadStatus.Ok && !read.Records.IsEmpty, $"bit {bit}: {read.Status} at offset {offset}");
                int length = read.Records.LengthBytes;
                read.Records.CopyTo(served);
                read.Records.Dispose();
                int position = PositionOf(original, offset);
                Assert.True(served.AsSpan(0, length).SequenceEqual(original.AsSpan(position, length)), $"bit {bit}: wrong bytes are served at offset {offset}");
                bytes += length;
                offset = offset < from ? from : segment.NextOffset;
            }

            Assert.True(bytes == original.Length - SizeOf(original, from), $"bit {bit}: {bytes} of {original.Length} bytes are served");
            device.FlipBit(path, bit);
        }

        segment.Log.Release();
        foreach (LogSegment each in recovery.Segments.Snapshot)
        {
            each.Close();
        }
    }

    private static int PositionOf(byte[] log, long offset)
    {
        int at = 0;
        while (BinaryPrimitives.ReadInt64BigEndian(log.AsSpan(at)) != offset)
        {
            at += BinaryPrimitives.ReadInt32BigEndian(log.AsSpan(at + 8)) + 12;
        }

        return at;
    }

    private static int SizeOf(byte[] log, long offset) => BinaryPrimitives.ReadInt32BigEndian(log.AsSpan(PositionOf(log, offset) + 8)) + 12;
}
