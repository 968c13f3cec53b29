using System.Buffers.Binary;
using System.Numerics;
using LogQueue.Records;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Files;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Segments;

/// <summary>
/// Tells a batch with one flipped bit from a torn write: no crash leaves a batch that is whole but for one bit. CRC-32C gives each single
/// flipped bit of a batch its own difference, so the bit is found, not guessed. Stateless.
/// </summary>
internal static class OneBitError
{
    /// <summary>A larger batch is not looked into.</summary>
    private const int MostBytes = 16 << 20;

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

            if (FindInBody(bytes[..size], difference) is { } next)
            {
                return next;
            }
        }

        for (int bit = 0; bit < RecordBatchLayout.CrcPosition * 8; bit++)
        {
            Flip(bytes, bit);
            if (IsContinuation(bytes, expectedOffset, out size) && Syndrome(bytes, size) == 0)
            {
                return NextOffset(bytes);
            }

            Flip(bytes, bit);
        }

        return null;
    }

    private static bool IsContinuation(ReadOnlySpan<byte> bytes, long expectedOffset, out int size) =>
        RecordBatchView.TryReadSize(bytes, out size) && size >= RecordBatchLayout.HeaderBytes && size <= bytes.Length
        && bytes[RecordBatchLayout.MagicPosition] == 2 && BinaryPrimitives.ReadInt64BigEndian(bytes) == expectedOffset;

    private static uint Syndrome(ReadOnlySpan<byte> bytes, int size) =>
        Crc32C.Compute(bytes[RecordBatchLayout.AttributesPosition..size])
        ^ BinaryPrimitives.ReadUInt32BigEndian(bytes[RecordBatchLayout.CrcPosition..]);

    private static long? FindInBody(Span<byte> batch, uint difference)
    {
        if (BitOperations.PopCount(difference) == 1)
        {
            return NextOffset(batch); // a bit of the stored checksum itself
        }

        uint step = Polynomial;
        for (int at = batch.Length - 1; at >= RecordBatchLayout.AttributesPosition; at--)
        {
            for (int bit = 7; bit >= 0; bit--)
            {
                if (step == difference)
                {
                    batch[at] ^= (byte)(1 << bit);
                    return NextOffset(batch);
                }

                step = (step >> 1) ^ ((step & 1) == 0 ? 0 : Polynomial);
            }
        }

        return null;
    }

    private static long NextOffset(ReadOnlySpan<byte> batch) => new RecordBatchView(batch).NextOffset;

    private static void Flip(Span<byte> bytes, int bit) => bytes[bit / 8] ^= (byte)(1 << (bit % 8));
}
