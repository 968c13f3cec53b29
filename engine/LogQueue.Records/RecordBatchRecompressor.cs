using System.Buffers.Binary;
using LogQueue.Records.Compression;
using LogQueue.Wire.Memory;

namespace LogQueue.Records;

/// <summary>
/// Brings ready batches into the codec that a topic wants to keep (Kafka's <c>compression.type</c>): the records stay as they are, the
/// header changes in its codec, length and checksum. Pure functions; thread-safe.
/// </summary>
public static class RecordBatchRecompressor
{
    /// <summary>True when all batches have this codec already, or one of them is no whole batch.</summary>
    public static bool IsDone(ReadOnlySpan<byte> batches, CompressionType codec)
    {
        var walk = new RecordBatchEnumerator(batches);
        while (walk.MoveNext())
        {
            if (walk.Current.Compression != codec)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Writes the batches in the given codec; those that have it already are copied.</summary>
    /// <param name="batches">Whole batches, back to back, headers and checksums checked.</param>
    /// <param name="codec">The codec.</param>
    /// <param name="level">Its effort, in Kafka's numbers; null for its own choice.</param>
    /// <param name="maxDecompressedBytes">Most bytes of one batch's records.</param>
    /// <param name="output">Where they go.</param>
    /// <exception cref="CorruptRecordException">Records cannot be decompressed, or are more than the limit.</exception>
    public static void Write(
        ReadOnlySpan<byte> batches, CompressionType codec, int? level, int maxDecompressedBytes, PooledBufferWriter output)
    {
        ArgumentNullException.ThrowIfNull(output);
        using var plain = new PooledBufferWriter();
        var walk = new RecordBatchEnumerator(batches);
        while (walk.MoveNext())
        {
            if (walk.Current.Compression == codec)
            {
                output.Write(walk.Current.Bytes);
            }
            else
            {
                plain.Reset();
                WriteOne(walk.Current, codec, level, maxDecompressedBytes, plain, output);
            }
        }
    }

    private static void WriteOne(
        in RecordBatchView batch, CompressionType codec, int? level, int maxDecompressedBytes, PooledBufferWriter plain,
        PooledBufferWriter output)
    {
        int start = output.WrittenCount;
        output.Write(batch.Bytes[..RecordBatchLayout.HeaderBytes]);
        ReadOnlySpan<byte> records = batch.Bytes[RecordBatchLayout.HeaderBytes..];
        if (batch.Compression != CompressionType.None)
        {
            CompressionCodecs.For(batch.Compression).Decompress(records, plain, maxDecompressedBytes);
            records = plain.WrittenSpan;
        }

        if (codec == CompressionType.None)
        {
            output.Write(records);
        }
        else
        {
            CompressionCodecs.For(codec).Compress(records, output, level);
        }

        Span<byte> written = output.WrittenSpanMutable[start..];
        BinaryPrimitives.WriteInt32BigEndian(
            written[RecordBatchLayout.BatchLengthPosition..], written.Length - RecordBatchLayout.LogOverheadBytes);
        BinaryPrimitives.WriteInt16BigEndian(
            written[RecordBatchLayout.AttributesPosition..], (short)((batch.Attributes & ~RecordBatchLayout.CompressionMask) | (int)codec));
        RecordBatchStamp.WriteCrc(written);
    }
}
