using LogQueue.Storage.Compaction;

namespace LogQueue.Engine.Tests.Storage.Compaction;

public sealed class CleanCheckpointTests
{
    [Fact]
    public void Its_bytes_are_as_documented_and_every_flipped_bit_is_found()
    {
        byte[] bytes = new CleanCheckpoint(0x0102, 0x0304).ToBytes();
        Assert.Equal("4C5143430001000000000000000001020000000000000304", Convert.ToHexString(bytes.AsSpan(0, 24)));
        Assert.Equal(new CleanCheckpoint(0x0102, 0x0304), CleanCheckpoint.TryParse(bytes));
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            byte[] damaged = [.. bytes];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(CleanCheckpoint.TryParse(damaged));
        }

        Assert.Null(CleanCheckpoint.TryParse(new CleanCheckpoint(-1, 0x0304).ToBytes())); // no offset is negative
        Assert.Null(CleanCheckpoint.TryParse(bytes.AsSpan(0, 27)));
        Assert.Null(CleanCheckpoint.TryParse([]));
    }
}
