using CsCheck;
using LogQueue.Records;
using LogQueue.Records.Compression;
using LogQueue.Wire.Memory;

namespace LogQueue.Engine.Tests.Records.Compression;

public sealed class CompressionCodecTests
{
    public static TheoryData<CompressionType> Codecs => [.. Enum.GetValues<CompressionType>()];

    [Theory]
    [MemberData(nameof(Codecs))]
    public void What_goes_in_comes_out(CompressionType type)
    {
        ICompressionCodec codec = CompressionCodecs.For(type);
        Gen.OneOf(Gen.Byte.Array[0, 300], Gen.Byte[0, 3].Array[1, 200_000]).Sample(
            content => Assert.Equal(content, Decompress(codec, Compress(codec, content), int.MaxValue)), iter: 60);
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Nothing_is_something_that_can_be_read_back(CompressionType type)
    {
        ICompressionCodec codec = CompressionCodecs.For(type);
        Assert.Empty(Decompress(codec, Compress(codec, []), 0));
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Output_at_the_limit_is_given_and_one_byte_more_is_refused(CompressionType type)
    {
        ICompressionCodec codec = CompressionCodecs.For(type);
        var content = new byte[100_000];
        byte[] compressed = Compress(codec, content);

        Assert.Equal(content, Decompress(codec, compressed, content.Length));
        Assert.Throws<CorruptRecordException>(() => Decompress(codec, compressed, content.Length - 1));
    }

    [Fact]
    public void An_empty_snappy_block_behind_content_that_fills_the_output_is_no_fault()
    {
        var content = new byte[1000];
        ICompressionCodec codec = CompressionCodecs.For(CompressionType.Snappy);
        using var output = new PooledBufferWriter(maxBytes: content.Length);
        codec.Decompress([.. Compress(codec, content), 0, 0, 0, 1, 0], output, content.Length);
        Assert.True(output.WrittenSpan.SequenceEqual(content));
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void A_bomb_is_refused_within_bounded_memory(CompressionType type)
    {
        ICompressionCodec codec = CompressionCodecs.For(type);
        byte[] bomb = Compress(codec, new byte[64 << 20]);
        long before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Throws<CorruptRecordException>(() => Decompress(codec, bomb, 1 << 20));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16 << 20);
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Garbage_is_decoded_or_refused_but_nothing_else(CompressionType type)
    {
        if (type == CompressionType.None)
        {
            return;
        }

        ICompressionCodec codec = CompressionCodecs.For(type);
        byte[] valid = Compress(codec, [.. Enumerable.Range(0, 5000).Select(static i => (byte)(i * i >> 3))]);
        var random = new Random(11);
        for (int i = 0; i < 3000; i++)
        {
            byte[] bytes = i % 3 == 0 ? new byte[random.Next(200)] : [.. valid];
            if (i % 3 == 0)
            {
                random.NextBytes(bytes);
            }
            else
            {
                bytes[random.Next(bytes.Length)] ^= (byte)random.Next(1, 256);
                bytes = i % 3 == 1 ? bytes : bytes[..random.Next(bytes.Length)];
            }

            try
            {
                Decompress(codec, bytes, 1 << 20);
            }
            catch (CorruptRecordException)
            {
                // One of the two allowed outcomes.
            }
        }
    }

    private static byte[] Compress(ICompressionCodec codec, byte[] content)
    {
        using var output = new PooledBufferWriter();
        codec.Compress(content, output);
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Decompress(ICompressionCodec codec, byte[] compressed, int limit)
    {
        using var output = new PooledBufferWriter();
        codec.Decompress(compressed, output, limit);
        return output.WrittenSpan.ToArray();
    }
}
