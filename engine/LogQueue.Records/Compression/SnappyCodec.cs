using System.Buffers.Binary;
using LogQueue.Wire.Memory;
using Snappier;

namespace LogQueue.Records.Compression;

/// <summary>
/// Snappy. Written in xerial framing as Kafka's Java client does (magic 82 "SNAPPY" 00, version and compatible version int32, then
/// blocks of int32 length and raw snappy); read in that framing and raw, as librdkafka writes. Thread-safe.
/// </summary>
internal sealed class SnappyCodec : ICompressionCodec
{
    private const int BlockBytes = 32 * 1024;
    private const int FrameHeaderBytes = 16;

    private static ReadOnlySpan<byte> Magic => [0x82, (byte)'S', (byte)'N', (byte)'A', (byte)'P', (byte)'P', (byte)'Y', 0];

    public CompressionType Type => CompressionType.Snappy;

    public void Compress(ReadOnlySpan<byte> source, PooledBufferWriter destination, int? level = null)
    {
        Span<byte> header = destination.GetSpan(FrameHeaderBytes);
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32BigEndian(header[8..], 1);
        BinaryPrimitives.WriteInt32BigEndian(header[12..], 1);
        destination.Advance(FrameHeaderBytes);
        while (!source.IsEmpty)
        {
            ReadOnlySpan<byte> block = source[..Math.Min(BlockBytes, source.Length)];
            Span<byte> output = destination.GetSpan(4 + Snappy.GetMaxCompressedLength(block.Length));
            int length = Snappy.Compress(block, output[4..]);
            BinaryPrimitives.WriteInt32BigEndian(output, length);
            destination.Advance(4 + length);
            source = source[block.Length..];
        }
    }

    public void Decompress(ReadOnlySpan<byte> source, PooledBufferWriter destination, int maxOutputBytes)
    {
        int start = destination.WrittenCount;
        if (!source.StartsWith(Magic))
        {
            DecompressBlock(source, destination, start, maxOutputBytes);
            return;
        }

        if (source.Length < FrameHeaderBytes)
        {
            throw new CorruptRecordException($"Snappy: a frame header of {source.Length} bytes.");
        }

        for (ReadOnlySpan<byte> rest = source[FrameHeaderBytes..]; !rest.IsEmpty;)
        {
            int length = rest.Length < 4 ? -1 : BinaryPrimitives.ReadInt32BigEndian(rest);
            if (length < 0 || length > rest.Length - 4)
            {
                throw new CorruptRecordException($"Snappy: a block of {length} bytes with {rest.Length} left.");
            }

            DecompressBlock(rest.Slice(4, length), destination, start, maxOutputBytes);
            rest = rest[(4 + length)..];
        }
    }

    private void DecompressBlock(ReadOnlySpan<byte> block, PooledBufferWriter destination, int start, int maxOutputBytes)
    {
        try
        {
            // The announced length is only believed as far as the limit: it is what a hostile block would lie about.
            int announced = Snappy.GetUncompressedLength(block);
            OutputLimit.ThrowIfOver(Type, (long)destination.WrittenCount - start + announced, maxOutputBytes);
            Span<byte> output = announced == 0 ? [] : destination.GetSpan(announced)[..announced];
            destination.Advance(Snappy.Decompress(block, output));
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException)
        {
            throw new CorruptRecordException("Snappy: " + e.Message, e);
        }
    }
}
