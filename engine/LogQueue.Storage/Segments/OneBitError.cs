using System.Buffers.Binary;
using System.Numerics;
using LogQueue.Records;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Files;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Segments;

/// <summary>
/// Tells a batch with one flipped bit from a torn write: no crash leaves a batch that is whole but for one bit. CRC-32C gives each single
/// flipped bit of a batch its own difference, so the bit is found, not guessed. A torn write may look like it in two cases, which are no
/// proof: a bit is missing where the rest of its 512-byte sector is zero, or the batch has so few bytes in that sector that other bytes may
/// differ from them in one bit by chance. Stateless.
/// </summary>
internal static class OneBitError
{
    /// <summary>A larger batch is not looked into.</summary>
    private const int MostBytes = 16 << 20;

    private const int SectorBytes = 512;

    /// <summary>Other bytes in the place of three differ in one bit once in 700,000 times; of four, once in 134 million.</summary>
    private const int LeastBytesInSector = 4;

    private const uint Polynomial = 0x82F63B78; // CRC-32C, reflected

    /// <summary>
    /// The offset after the batch at a position, if exactly one flipped bit (or only its leader epoch) keeps it from being the whole batch
    /// that begins at the expected offset; null otherwise.
    /// </summary>
    internal static long? FindNextOffset(IStorageFile log, long position, long end, long expectedOffset)
    {
        using PooledBuffer buffer = PooledBuffer.Rent((int)Math.Min(MostBytes, end - position));
        Span<byte> bytes = buffer.Span[..log.Read(position, buffer.Span)];
        if (bytes.Length < RecordBatchLayout.HeaderBytes)
        {
            return null;
        }

        if (IsContinuation(bytes, expectedOffset, out int size))
        {
            uint difference = Syndrome(bytes, size);
            if (difference == 0)
            {
                return NextOffset(bytes);
            }

            if (FindBit(size, difference) is { } found)
            {
                bool mayBeTorn = MayBeTorn(bytes, position, found / 8, 1 << (found % 8)) || IsBarelyIn(position, size, found / 8);
                Flip(bytes, found);
                return mayBeTorn ? null : NextOffset(bytes);
            }
        }

        for (int bit = 0; bit < RecordBatchLayout.CrcPosition * 8; bit++)
        {
            bool mayBeTorn = MayBeTorn(bytes, position, bit / 8, 1 << (bit % 8));
            Flip(bytes, bit);
            if (IsContinuation(bytes, expectedOffset, out size) && Syndrome(bytes, size) == 0)
            {
                return mayBeTorn || IsBarelyIn(position, size, bit / 8) ? null : NextOffset(bytes);
            }

            Flip(bytes, bit);
        }

        return null;
    }

    private static bool IsContinuation(ReadOnlySpan<byte> bytes, long expectedOffset, out int size) =>
        RecordBatchView.TryReadSize(bytes, out size) && size <= bytes.Length
        && bytes[RecordBatchLayout.MagicPosition] == 2 && BinaryPrimitives.ReadInt64BigEndian(bytes) == expectedOffset;

    private static uint Syndrome(ReadOnlySpan<byte> bytes, int size) =>
        Crc32C.Compute(bytes[RecordBatchLayout.AttributesPosition..size])
        ^ BinaryPrimitives.ReadUInt32BigEndian(bytes[RecordBatchLayout.CrcPosition..]);

    /// <summary>The bit of a batch, its stored checksum included, that makes this difference; null when no single one does.</summary>
    private static int? FindBit(int size, uint difference)
    {
        if (BitOperations.PopCount(difference) == 1)
        {
            int bit = BitOperations.TrailingZeroCount(difference); // of the stored checksum itself
            return ((RecordBatchLayout.CrcPosition + 3 - (bit / 8)) * 8) + (bit % 8);
        }

        uint step = Polynomial;
        for (int at = size - 1; at >= RecordBatchLayout.AttributesPosition; at--)
        {
            for (int bit = 7; bit >= 0; bit--)
            {
                if (step == difference)
                {
                    return (at * 8) + bit;
                }

                step = (step >> 1) ^ ((step & 1) == 0 ? 0 : Polynomial);
            }
        }

        return null;
    }

    /// <summary>True when the bit is not set and everything from its byte to the end of its sector is zero.</summary>
    private static bool MayBeTorn(ReadOnlySpan<byte> bytes, long position, int at, int mask)
    {
        int sectorEnd = (int)Math.Min(bytes.Length, ((((position + at) / SectorBytes) + 1) * SectorBytes) - position);
        return (bytes[at] & mask) == 0 && !bytes[at..sectorEnd].ContainsAnyExcept((byte)0);
    }

    /// <summary>True when the sector of a byte has almost nothing of the batch.</summary>
    private static bool IsBarelyIn(long position, int size, int at)
    {
        long sector = (position + at) / SectorBytes * SectorBytes;
        return Math.Min(sector + SectorBytes, position + size) - Math.Max(sector, position) < LeastBytesInSector;
    }

    private static long NextOffset(ReadOnlySpan<byte> batch) => new RecordBatchView(batch).NextOffset;

    private static void Flip(Span<byte> bytes, int bit) => bytes[bit / 8] ^= (byte)(1 << (bit % 8));
}
