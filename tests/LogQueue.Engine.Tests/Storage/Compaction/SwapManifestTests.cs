using System.Buffers.Binary;
using LogQueue.Engine.Tests.Storage.Segments;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Compaction;
using LogQueue.Storage.Files;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Compaction;

public sealed class SwapManifestTests
{
    [Fact]
    public void Its_bytes_are_as_documented_and_every_flipped_bit_is_found()
    {
        byte[] bytes = new SwapManifest(5, true, [7, 0x0109]).ToBytes();
        Assert.Equal("4C51534D00010001000000000000000500000002" + "0000000000000007" + "0000000000000109", Convert.ToHexString(bytes.AsSpan(0, 36)));
        SwapManifest parsed = SwapManifest.TryParse(bytes)!;
        Assert.Equal((5L, true), (parsed.BaseOffset, parsed.HasTransactionIndex));
        Assert.Equal([7L, 0x0109], parsed.OtherBaseOffsets);
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            byte[] damaged = [.. bytes];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(SwapManifest.TryParse(damaged));
        }

        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Null(SwapManifest.TryParse(bytes.AsSpan(0, length)));
        }
    }

    [Fact]
    public void A_damaged_one_decides_nothing_and_is_kept()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using (var rig = new StorageRig(device, CompactionRig.Small))
        {
            CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "1")]));
            CompactionRig.RollAndSeal(rig.Log);
        }

        new SwapManifest(0, false, [1]).Save(device, StorageRig.Directory);
        device.FlipBit(Path.Combine(StorageRig.Directory, SwapManifest.FileName), 100);
        using var again = new StorageRig(device, CompactionRig.Small);
        Assert.Empty(again.Log.Recovery.Damage);
        Assert.Single(CompactionRig.Read(again.Log));
        Assert.Contains(SwapManifest.FileName + ".damaged", device.ListFiles(StorageRig.Directory));
    }

    [Theory]
    [InlineData(16, 0xFF)] // a negative count
    [InlineData(19, 3)] // of more segments than it names
    public void A_count_that_does_not_fit_is_refused_though_the_checksum_is_right(int at, byte value)
    {
        byte[] bytes = new SwapManifest(5, true, [7, 8]).ToBytes();
        bytes[at] = value;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(bytes.Length - 4), Crc32C.Compute(bytes.AsSpan(0, bytes.Length - 4)));
        Assert.Null(SwapManifest.TryParse(bytes));
    }

    /// <summary>Names may become durable in any order: a decision may only go when all it decided is there.</summary>
    [Fact]
    public void What_was_decided_is_done_whenever_the_power_is_cut()
    {
        bool isDone = false;
        for (int cut = 1; !isDone; cut++)
        {
            SimulatedStorageDevice device = LogFileRig.NewDevice();
            Write(device, PathOf(0, SegmentFileName.Log), 1);
            Write(device, PathOf(0, SegmentFileName.Log) + SwapManifest.CleanedSuffix, 2);
            Write(device, PathOf(7, SegmentFileName.Log), 3);
            device.SyncDirectory(StorageRig.Directory);
            device.SyncDirectory(StorageRig.Root);
            var manifest = new SwapManifest(0, false, [7]);
            manifest.Save(device, StorageRig.Directory);
            device.CutPowerAt = device.Operations + cut;
            try
            {
                manifest.Finish(device, StorageRig.Directory);
                isDone = true;
            }
            catch (SimulatedPowerCutException)
            {
                // The disk as it is then.
            }

            for (int seed = 0; seed < 30; seed++)
            {
                SimulatedStorageDevice after = device.Crash(seed, CrashProfile.Weak);
                SwapManifest.Recover(after, StorageRig.Directory);
                Assert.Equal([Path.GetFileName(PathOf(0, SegmentFileName.Log))], after.ListFiles(StorageRig.Directory));
                Assert.Equal([2], after.Content(PathOf(0, SegmentFileName.Log)));
            }
        }
    }

    private static string PathOf(long baseOffset, string extension) => SegmentFileName.PathOf(StorageRig.Directory, baseOffset, extension);

    private static void Write(SimulatedStorageDevice device, string path, byte content)
    {
        using IStorageFile file = device.Open(path, StorageOpenMode.CreateNew);
        file.Write(0, [content]);
        file.DataSync();
    }
}
