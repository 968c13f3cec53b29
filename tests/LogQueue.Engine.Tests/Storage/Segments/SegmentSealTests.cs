using System.Buffers.Binary;
using LogQueue.Records.Checksums;
using LogQueue.Storage;
using LogQueue.Storage.Indexes;
using LogQueue.Storage.Segments;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Segments;

public sealed class SegmentSealTests
{
    private static readonly SegmentSeal Example = new()
    {
        BaseOffset = 100,
        NextOffset = 250,
        MaxTimestampMs = 0x01a0c451f2a0,
        OffsetOfMaxTimestamp = 249,
        FirstTimestampMs = 0x01a0c451f000,
        LogBytes = 70_000,
        Indexes = new IndexFingerprint(16, 0x11223344, 24, 0x55667788) { Transactions = new FileFingerprint(34, 0x99AABBCC) },
        BlockChecksums = [0xAABBCCDD, 0x01020304],
    };

    [Fact]
    public void The_bytes_are_golden()
    {
        const string Golden = "4c51534c" + "0002" + "0000" + "0000000000000064" + "00000000000000fa" + "11223344" + "000001a0c451f2a0"
            + "00000000000000f9" + "000001a0c451f000" + "0000000000011170" + "00010000" + "00000010" + "00000018" + "55667788"
            + "00000022" + "99aabbcc" + "aabbccdd" + "01020304";
        byte[] bytes = Example.ToBytes();
        Assert.Equal(Golden, Convert.ToHexStringLower(bytes)[..^8]);
        SegmentSeal parsed = SegmentSeal.TryParse(bytes)!;
        Assert.Equal(bytes, parsed.ToBytes());
    }

    [Fact]
    public void Every_flipped_bit_and_every_cut_is_found()
    {
        byte[] bytes = Example.ToBytes();
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            byte[] damaged = [.. bytes];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(SegmentSeal.TryParse(damaged));
        }

        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Null(SegmentSeal.TryParse(bytes.AsSpan(0, length)));
        }
    }

    [Theory]
    [InlineData(52, 0xFF)] // a negative length of the log
    [InlineData(55, 0x01)] // a log of more blocks than there are checksums
    [InlineData(60, 0x01)] // blocks of another size
    public void What_does_not_fit_together_is_no_seal_though_its_own_checksum_is_right(int at, byte value)
    {
        byte[] bytes = Example.ToBytes();
        bytes[at] = value;
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(bytes.Length - 4), Crc32C.Compute(bytes.AsSpan(0, bytes.Length - 4)));
        Assert.Null(SegmentSeal.TryParse(bytes));
    }

    [Fact]
    public void A_log_that_does_not_reach_the_offset_it_should_gets_no_seal()
    {
        SimulatedStorageDevice device = LogFileRig.NewDevice();
        LogSegment segment = LogFileRig.Segment(device, 0, LogFileRig.Batches([2, 3]));
        segment.Publish(7, segment.SizeBytes);
        CorruptLogException e = Assert.Throws<CorruptLogException>(() => SegmentSeal.Of(device, segment));
        Assert.Equal((segment.Log.Path, segment.SizeBytes), (e.Path, e.Position));
        Assert.Contains("batches up to offset 7", e.Message, StringComparison.Ordinal);
        Assert.Contains("the end after offset 4", e.Message, StringComparison.Ordinal);
        segment.Close();
    }
}
