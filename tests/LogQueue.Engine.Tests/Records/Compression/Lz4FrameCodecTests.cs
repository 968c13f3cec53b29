using System.Buffers.Binary;
using System.IO.Hashing;
using K4os.Compression.LZ4;
using LogQueue.Records;
using LogQueue.Records.Compression;
using LogQueue.Wire.Memory;

namespace LogQueue.Engine.Tests.Records.Compression;

/// <summary>Frames of other writers: every option of the format is read, every fault of a frame is refused by name.</summary>
public sealed class Lz4FrameCodecTests
{
    private const byte Independent = 0x20;
    private const byte BlockChecksum = 0x10;
    private const byte ContentSize = 0x08;
    private const byte ContentChecksum = 0x04;
    private const byte DictionaryId = 0x01;
    private const byte All = Independent | BlockChecksum | ContentSize | ContentChecksum;
    private const int HeaderBytes = 7;
    private const int BlockBytes = 64 << 10;

    private static readonly Lz4FrameCodec Codec = new();

    /// <summary>Text that compresses, then noise that does not.</summary>
    private static readonly byte[] Content = [.. Enumerable.Range(0, 2000).Select(static i => (byte)"log queue "[i % 10]), .. Noise(1500)];

    [Fact]
    public void Every_frame_that_the_format_allows_is_read()
    {
        for (int flags = 0; flags <= All; flags += 4)
        {
            for (int blockCode = 4; blockCode <= 7; blockCode++)
            {
                byte[] frame = Frame((byte)flags, Content, blockCode);
                Assert.Equal(Content, Decompress(frame, int.MaxValue));
                Assert.Equal(Content, Decompress(frame, Content.Length));
            }
        }
    }

    [Theory]
    [InlineData(16, 16)] // the block before
    [InlineData(70_000, 65_535)] // as far back as the format reaches: two blocks
    public void A_linked_block_repeats_what_came_before_it(int before, int back)
    {
        byte[] content = Noise(before);
        byte[] linked = [0x08, (byte)back, (byte)(back >> 8), 0x50, 1, 2, 3, 4, 5]; // 12 bytes from so far back, then five of its own
        byte[] expected = [.. content, .. content.AsSpan(before - back, 12), 1, 2, 3, 4, 5];

        Assert.Equal(expected, Decompress(Frame(0, content, linked: linked), int.MaxValue));
        Assert.Equal("LZ4: a damaged block.", Refusal(Frame(Independent, content, linked: linked))); // it has no past to repeat
    }

    [Fact]
    public void Every_cut_is_refused()
    {
        byte[] frame = Frame(All, Content);
        for (int length = 0; length < frame.Length; length++)
        {
            Assert.NotNull(Refusal(frame[..length]));
        }
    }

    [Fact]
    public void No_flipped_bit_gives_other_content()
    {
        byte[] content = Content[1800..2200];
        byte[] frame = Frame(All, content, blockBytes: 250);
        for (int bit = 0; bit < frame.Length * 8; bit++)
        {
            byte[] damaged = [.. frame];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                Assert.Equal(content, Decompress(damaged, 1 << 20));
            }
            catch (CorruptRecordException)
            {
                // Found.
            }
        }
    }

    [Theory]
    [InlineData(0, 0x01, "magic number")]
    [InlineData(4, 0x80, "frame flags")] // version 3
    [InlineData(4, 0x02, "frame flags")] // a reserved bit
    [InlineData(5, 0x80, "frame flags")] // a reserved bit
    [InlineData(5, 0x01, "frame flags")] // a reserved bit
    [InlineData(5, 0x40, "frame flags")] // blocks of a size that the format does not have
    [InlineData(6, 0x01, "header checksum")]
    [InlineData(HeaderBytes + 2, 0x02, "a block of")] // more than 64 KiB
    [InlineData(HeaderBytes + 4, 0x01, "a block's checksum")]
    [InlineData(-1, 0x01, "content checksum")]
    public void A_fault_is_told_by_name(int at, int mask, string what)
    {
        byte[] frame = Frame(Independent | BlockChecksum | ContentChecksum, Content);
        frame[at < 0 ? frame.Length + at : at] ^= (byte)mask;
        Assert.Contains(what, Refusal(frame), StringComparison.Ordinal);
    }

    [Fact]
    public void A_dictionary_a_wrong_size_and_bytes_behind_the_frame_are_refused()
    {
        Assert.Contains("frame flags", Refusal(Frame(Independent | DictionaryId, Content)), StringComparison.Ordinal);
        Assert.Contains("announced 3501", Refusal(Frame(Independent | ContentSize, Content, size: 3501)), StringComparison.Ordinal);
        Assert.Contains("1 bytes after the frame", Refusal([.. Frame(Independent, Content), 0]), StringComparison.Ordinal);
        Assert.Contains("ends early (0 bytes left)", Refusal(Frame(Independent, Content)[..^4]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_block_that_does_not_decode_is_damaged_where_there_is_room_for_all_it_may_hold()
    {
        byte[] frame = Frame(Independent, [], linked: [0xF0, 0xFF]);
        Assert.Equal("LZ4: a damaged block.", Refusal(frame));
        Assert.Contains("damaged or decompresses to more than the 100 bytes", Refusal(frame, limit: 100), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Content_that_ends_at_the_limit_and_a_block_is_read_and_a_block_more_is_refused(bool compresses)
    {
        byte[] content = compresses ? new byte[3 * BlockBytes] : Noise(3 * BlockBytes);
        byte[] fits = Compress(content[..(2 * BlockBytes)]);
        byte[] more = Compress(content);
        foreach (int writerBytes in (int[])[int.MaxValue, 2 * BlockBytes])
        {
            using var output = new PooledBufferWriter(maxBytes: writerBytes);
            Codec.Decompress(fits, output, 2 * BlockBytes);
            Assert.True(output.WrittenSpan.SequenceEqual(content.AsSpan(0, 2 * BlockBytes)));
            output.Reset();
            CorruptRecordException e = Assert.Throws<CorruptRecordException>(() => Codec.Decompress(more, output, 2 * BlockBytes));
            Assert.Contains("131072 bytes allowed", e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_bound_of_the_output_counts_where_it_is_the_smaller_one()
    {
        using var output = new PooledBufferWriter(maxBytes: Content.Length + 9);
        output.Write(new byte[10]);
        foreach (byte[] frame in (byte[][])[Frame(Independent, Content), Frame(Independent, Content, blockBytes: 7)])
        {
            CorruptRecordException e = Assert.Throws<CorruptRecordException>(() => Codec.Decompress(frame, output, int.MaxValue));
            Assert.Contains($"{Content.Length - 1} bytes allowed", e.Message, StringComparison.Ordinal);
            output.TruncateTo(10);
        }
    }

    [Fact]
    public void Blocks_that_do_not_compress_are_stored_as_they_are()
    {
        byte[] noise = Noise((2 * BlockBytes) + 1);
        byte[] frame = Compress(noise);
        Assert.Equal(HeaderBytes + 4 + BlockBytes + 4 + BlockBytes + 4 + 1 + 4, frame.Length);
        Assert.Equal(0x80010000u, BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(HeaderBytes)));
        Assert.True(frame.AsSpan(HeaderBytes + 4, BlockBytes).SequenceEqual(noise.AsSpan(0, BlockBytes)));
        Assert.Equal(noise, Decompress(frame, noise.Length));
    }

    private static byte[] Frame(byte flags, byte[] content, int blockCode = 4, int blockBytes = 1000, long? size = null, byte[]? linked = null)
    {
        List<byte> descriptor = [(byte)(0x40 | flags), (byte)(blockCode << 4)];
        if ((flags & ContentSize) != 0)
        {
            byte[] bytes = new byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(bytes, size ?? content.Length);
            descriptor.AddRange(bytes);
        }

        if ((flags & DictionaryId) != 0)
        {
            descriptor.AddRange(UInt32(7));
        }

        List<byte> frame = [0x04, 0x22, 0x4D, 0x18, .. descriptor, (byte)(XxHash32.HashToUInt32(descriptor.ToArray()) >> 8)];
        foreach (byte[] chunk in content.Chunk(blockBytes))
        {
            byte[] compressed = new byte[LZ4Codec.MaximumOutputSize(chunk.Length)];
            int length = LZ4Codec.Encode(chunk, compressed);
            bool isStored = length >= chunk.Length;
            AddBlock(frame, flags, isStored ? chunk : compressed[..length], isStored);
        }

        if (linked is not null)
        {
            AddBlock(frame, flags, linked, isStored: false);
        }

        frame.AddRange(UInt32(0));
        if ((flags & ContentChecksum) != 0)
        {
            frame.AddRange(UInt32(XxHash32.HashToUInt32(content)));
        }

        return [.. frame];
    }

    private static void AddBlock(List<byte> frame, byte flags, byte[] block, bool isStored)
    {
        frame.AddRange(UInt32((uint)block.Length | (isStored ? 0x8000_0000 : 0)));
        frame.AddRange(block);
        if ((flags & BlockChecksum) != 0)
        {
            frame.AddRange(UInt32(XxHash32.HashToUInt32(block)));
        }
    }

    private static byte[] UInt32(uint value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Noise(int count)
    {
        byte[] bytes = new byte[count];
        new Random(5).NextBytes(bytes);
        return bytes;
    }

    private static string Refusal(byte[] frame, int limit = 1 << 20) =>
        Assert.Throws<CorruptRecordException>(() => Decompress(frame, limit)).Message;

    private static byte[] Compress(byte[] content)
    {
        using var output = new PooledBufferWriter();
        Codec.Compress(content, output);
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Decompress(byte[] frame, int limit)
    {
        using var output = new PooledBufferWriter();
        Codec.Decompress(frame, output, limit);
        return output.WrittenSpan.ToArray();
    }
}
