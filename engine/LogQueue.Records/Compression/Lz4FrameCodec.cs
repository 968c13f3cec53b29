using System.Buffers.Binary;
using System.IO.Hashing;
using K4os.Compression.LZ4;
using LogQueue.Wire.Memory;

namespace LogQueue.Records.Compression;

/// <summary>
/// LZ4 frames (LZ4 frame format 1.6), as Kafka writes them for batches of format 2: independent blocks of 64 KiB, no content size, no
/// checksums but the header's. Every frame the format allows is read: linked blocks, block and content checksums, content size.
/// <code>
/// magic 04 22 4D 18 │ FLG │ BD │ [content size 8] │ [dictionary id 4] │ HC =
/// XXH32(FLG..)>>8 │ blocks… │ 00 00 00 00 │ [content checksum 4]
/// block: size uint32 LE, top bit set = stored as it is │ bytes │ [XXH32 4]
/// </code>
/// Thread-safe.
/// </summary>
internal sealed class Lz4FrameCodec : ICompressionCodec
{
    private const uint Magic = 0x184D2204;
    private const int BlockBytes = 64 * 1024;
    private const uint StoredBit = 0x8000_0000;
    private const int HistoryBytes = 64 * 1024;

    private const byte VersionBits = 0x40;
    private const byte IndependentBit = 0x20;
    private const byte BlockChecksumBit = 0x10;
    private const byte ContentSizeBit = 0x08;
    private const byte ContentChecksumBit = 0x04;
    private const byte DictionaryBit = 0x01;
    private const byte Block64KiB = 4 << 4;

    public CompressionType Type => CompressionType.Lz4;

    public void Compress(ReadOnlySpan<byte> source, PooledBufferWriter destination, int? level = null)
    {
        Span<byte> header = destination.GetSpan(7);
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        header[4] = VersionBits | IndependentBit;
        header[5] = Block64KiB;
        header[6] = HeaderChecksum(header[4..6]);
        destination.Advance(7);
        while (!source.IsEmpty)
        {
            ReadOnlySpan<byte> block = source[..Math.Min(BlockBytes, source.Length)];
            Span<byte> output = destination.GetSpan(4 + LZ4Codec.MaximumOutputSize(block.Length));
            int length = LZ4Codec.Encode(block, output[4..], LevelOf(level));
            if (length <= 0 || length >= block.Length)
            {
                block.CopyTo(output[4..]);
                BinaryPrimitives.WriteUInt32LittleEndian(output, (uint)block.Length | StoredBit);
                length = block.Length;
            }
            else
            {
                BinaryPrimitives.WriteUInt32LittleEndian(output, (uint)length);
            }

            destination.Advance(4 + length);
            source = source[block.Length..];
        }

        destination.Write([0, 0, 0, 0]);
    }

    public void Decompress(ReadOnlySpan<byte> source, PooledBufferWriter destination, int maxOutputBytes)
    {
        int start = destination.WrittenCount;
        maxOutputBytes = Math.Min(maxOutputBytes, destination.MaxBytes - start);
        byte flags = ReadHeader(ref source, out int maxBlockBytes, out long contentSize);
        while (true)
        {
            uint size = ReadUInt32(ref source);
            if (size == 0)
            {
                break;
            }

            int length = (int)(size & ~StoredBit);
            if (length > maxBlockBytes || length > source.Length)
            {
                throw new CorruptRecordException($"LZ4: a block of {length} bytes; {source.Length} are left, {maxBlockBytes} are allowed.");
            }

            ReadOnlySpan<byte> block = source[..length];
            source = source[length..];
            if ((flags & BlockChecksumBit) != 0 && ReadUInt32(ref source) != XxHash32.HashToUInt32(block))
            {
                throw new CorruptRecordException("LZ4: a block's checksum is not that of its bytes.");
            }

            int room = Math.Min(maxBlockBytes, maxOutputBytes - (destination.WrittenCount - start));
            AppendBlock(block, (size & StoredBit) != 0, (flags & IndependentBit) != 0, destination, start, room, room < maxBlockBytes,
                maxOutputBytes);
        }

        ReadOnlySpan<byte> content = destination.WrittenSpan[start..];
        if ((flags & ContentChecksumBit) != 0 && ReadUInt32(ref source) != XxHash32.HashToUInt32(content))
        {
            throw new CorruptRecordException("LZ4: the content checksum is not that of the content.");
        }

        if (!source.IsEmpty || (contentSize >= 0 && contentSize != content.Length))
        {
            throw new CorruptRecordException($"LZ4: {source.Length} bytes after the frame, content of {content.Length} bytes, announced {contentSize}.");
        }
    }

    private static byte ReadHeader(ref ReadOnlySpan<byte> source, out int maxBlockBytes, out long contentSize)
    {
        if (ReadUInt32(ref source) != Magic || source.Length < 3)
        {
            throw new CorruptRecordException("LZ4: not a frame (wrong magic number).");
        }

        byte flags = source[0];
        int blockCode = (source[1] >> 4) & 0x7;
        if ((flags & 0xC0) != VersionBits || (flags & 0x02) != 0 || (flags & DictionaryBit) != 0 || (source[1] & 0x8F) != 0
            || blockCode < 4)
        {
            throw new CorruptRecordException($"LZ4: frame flags {flags:x2} {source[1]:x2} that no Kafka client writes.");
        }

        maxBlockBytes = 1 << (8 + (2 * blockCode));
        int descriptor = 2 + ((flags & ContentSizeBit) != 0 ? 8 : 0);
        if (source.Length <= descriptor || source[descriptor] != HeaderChecksum(source[..descriptor]))
        {
            throw new CorruptRecordException("LZ4: the header checksum is not that of the header.");
        }

        contentSize = (flags & ContentSizeBit) != 0 ? BinaryPrimitives.ReadInt64LittleEndian(source[2..]) : -1;
        source = source[(descriptor + 1)..];
        return flags;
    }

    private void AppendBlock(
        ReadOnlySpan<byte> block, bool stored, bool independent, PooledBufferWriter destination, int start, int room, bool roomIsLimit,
            int maxOutputBytes)
    {
        if (stored)
        {
            OutputLimit.ThrowIfOver(Type, (long)destination.WrittenCount - start + block.Length, maxOutputBytes);
            destination.Write(block);
            return;
        }

        // The span is taken before the dictionary: growing moves what was written. Without room nothing decodes.
        Span<byte> output = room == 0 ? [] : destination.GetSpan(room)[..room];
        ReadOnlySpan<byte> history = independent ? [] : destination.WrittenSpan[start..];
        history = history[Math.Max(0, history.Length - HistoryBytes)..];
        int written = history.IsEmpty ? LZ4Codec.Decode(block, output) : LZ4Codec.Decode(block, output, history);
        if (written < 0)
        {
            throw new CorruptRecordException(roomIsLimit
                ? $"Lz4: a block is damaged or decompresses to more than the {maxOutputBytes} bytes allowed."
                : "LZ4: a damaged block.");
        }

        destination.Advance(written);
    }

    /// <summary>As in Kafka, its default of 9 means the fast compressor, and any other level the slow one.</summary>
    private static LZ4Level LevelOf(int? level) =>
        level is null or 9 ? LZ4Level.L00_FAST : (LZ4Level)Math.Clamp(level.Value, (int)LZ4Level.L03_HC, (int)LZ4Level.L12_MAX);

    private static byte HeaderChecksum(ReadOnlySpan<byte> descriptor) => unchecked((byte)(XxHash32.HashToUInt32(descriptor) >> 8));

    private static uint ReadUInt32(ref ReadOnlySpan<byte> source)
    {
        if (source.Length < 4)
        {
            throw new CorruptRecordException($"LZ4: the frame ends early ({source.Length} bytes left).");
        }

        uint value = BinaryPrimitives.ReadUInt32LittleEndian(source);
        source = source[4..];
        return value;
    }
}
