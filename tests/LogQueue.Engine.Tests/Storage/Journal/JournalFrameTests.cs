using System.Buffers.Binary;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Journal;

namespace LogQueue.Engine.Tests.Storage.Journal;

public sealed class JournalFrameTests
{
    [Fact]
    public void A_frame_comes_back_and_no_flipped_bit_or_missing_byte_passes()
    {
        byte[] bytes = Build();
        Assert.True(JournalFrame.TryRead(bytes, 7, out JournalFrame frame, out int size));
        Assert.Equal((7L, 9L, "topic-3", 1000L, 44L, bytes.Length), (frame.Generation, frame.Sequence, frame.DirectoryName, frame.SegmentBaseOffset, frame.Position, size));
        Assert.Equal([1, 2, 3, 4, 5], frame.Payload.ToArray());
        Assert.False(JournalFrame.TryRead(bytes, 8, out _, out _));
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.False(JournalFrame.TryRead(bytes.AsMemory(0, length), 7, out _, out _));
        }

        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(JournalFrame.TryRead(bytes, 7, out _, out _), $"bit {bit}");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Theory]
    [InlineData(24)] // segment base offset
    [InlineData(32)] // position
    public void A_negative_place_is_no_place_though_its_checksum_is_right(int at)
    {
        byte[] bytes = Build();
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(at), -1);
        JournalFrame.Complete(bytes);
        Assert.Equal(Crc32C.Compute(bytes.AsSpan(8)), BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(4)));
        Assert.False(JournalFrame.TryRead(bytes, 7, out _, out _));
    }

    [Theory]
    [InlineData(40, -1)]
    [InlineData(40, int.MaxValue)]
    [InlineData(44, 0)]
    [InlineData(44, 1025)]
    [InlineData(44, int.MinValue)]
    public void Lengths_are_checked_before_they_are_used(int at, int length)
    {
        byte[] bytes = Build();
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at), length);
        JournalFrame.Complete(bytes);
        Assert.False(JournalFrame.TryRead(bytes, 7, out _, out _));
    }

    private static byte[] Build()
    {
        byte[] bytes = new byte[JournalFrame.SizeOf("topic-3", 5)];
        int payload = JournalFrame.Begin(bytes, 7, 9, "topic-3", 1000, 44);
        ((ReadOnlySpan<byte>)[1, 2, 3, 4, 5]).CopyTo(bytes.AsSpan(payload));
        JournalFrame.Complete(bytes);
        return bytes;
    }
}
