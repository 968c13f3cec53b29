using System.Buffers.Binary;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Compaction;
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
}
