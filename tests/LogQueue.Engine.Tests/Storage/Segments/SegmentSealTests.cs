using LogQueue.Storage.Indexes;
using LogQueue.Storage.Segments;

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
}
