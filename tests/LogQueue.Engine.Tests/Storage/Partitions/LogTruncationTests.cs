using LogQueue.Storage;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

public sealed class LogTruncationTests
{
    private static readonly LogOptions Options = CompactionRig.Small with { Compacted = false };

    [Fact]
    public void A_reader_that_ends_after_a_cut_takes_no_file_of_a_segment_that_begins_at_the_same_offset_by_then()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using (var rig = new StorageRig(device, Options))
        {
            Append(rig, 0);
            Append(rig, 1);
            CompactionRig.RollAndSeal(rig.Log);
            Append(rig, 2);
            CompactionRig.RollAndSeal(rig.Log);
            Append(rig, 3);
            rig.Log.Commit();
            ReadResult slow = rig.Log.Read(2, 4096, ReadIsolation.LogEnd, atLeastOneBatch: true);
            Assert.False(slow.Records.IsEmpty);

            rig.Log.TruncateTo(1);
            Assert.Equal([$"{StorageRig.Directory}/00000000000000000000.log"], DamageRig.Logs(device)); // at once, not when the reader ends
            Append(rig, 1);
            CompactionRig.RollAndSeal(rig.Log);
            Append(rig, 2);
            CompactionRig.RollAndSeal(rig.Log);
            string[] files = [.. device.ListFiles(StorageRig.Directory)];
            byte[] old = new byte[slow.Records.LengthBytes];
            slow.Records.CopyTo(old);
            slow.Records.Dispose();

            Assert.Equal(2, BatchOffset(old)); // what it leases is as it was
            Assert.Equal(files, device.ListFiles(StorageRig.Directory));
            Assert.False(device.DirectoryExists($"{StorageRig.Root}/lost+found"));
        }

        Assert.Equal(0, device.OpenFiles);
        using var again = new StorageRig(device, Options);
        Assert.Empty(again.Log.Recovery.Damage);
        Assert.Equal([0L, 1, 2], StorageRig.ReadAll(again.Log, 0).Select(static r => r.Tag));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_cut_in_a_gap_inside_a_segment_is_no_damage(long offset)
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using (var rig = new StorageRig(device, CompactionRig.Small))
        {
            foreach (string key in (string[])["b", "a", "a", "a", "c"])
            {
                CompactionRig.Append(rig.Log, CompactionRig.Batch([(key, "1")]));
            }

            CompactionRig.RollAndSeal(rig.Log);
            CompactionRig.Clean(rig.Log);
            Assert.Equal([0L, 3, 4], CompactionRig.Read(rig.Log).Select(static r => r.Offset));
            rig.Log.TruncateTo(offset);
            Assert.Empty(rig.Log.Damage);
            Assert.InRange(rig.Log.LogEndOffset, 1, offset);
            long next = CompactionRig.Append(rig.Log, CompactionRig.Batch([("d", "1")]));
            rig.Log.Commit();
            Assert.Equal([0L, next], CompactionRig.Read(rig.Log).Select(static r => r.Offset));
        }

        using var again = new StorageRig(device.Crash(1), CompactionRig.Small);
        Assert.Empty(again.Log.Damage);
        Assert.Equal(["b", "d"], CompactionRig.Read(again.Log).Select(static r => r.Key));
    }

    private static void Append(StorageRig rig, long offset)
    {
        Assert.Equal(offset, rig.Log.LogEndOffset);
        CompactionRig.Append(rig.Log, TestBatches.Build(1, offset, TestBatches.StartMs + offset));
    }

    private static long BatchOffset(byte[] batch) => System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(batch);
}
