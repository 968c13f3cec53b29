using System.Buffers.Binary;
using LogQueue.Records;

namespace LogQueue.TestKit.Storage;

/// <summary>Record batches for storage tests.</summary>
internal static class TestBatches
{
    /// <summary>A time that record timestamps start from: 2026-11-24T00:00:00Z.</summary>
    public const long StartMs = 1_795_478_400_000;

    /// <summary>A batch of records; record i has the value of <paramref name="tag"/> + i as 8 bytes, padded to a size.</summary>
    public static byte[] Build(int count, long tag, long timestampMs = StartMs, int valueBytes = 16, long producerId = -1, short producerEpoch = -1,
        int baseSequence = -1, bool transactional = false, CompressionType compression = CompressionType.None)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions
        {
            Compression = compression,
            ProducerId = producerId,
            ProducerEpoch = producerEpoch,
            BaseSequence = baseSequence,
            IsTransactional = transactional,
            MaxBatchBytes = 64 << 20,
        });
        byte[] value = new byte[Math.Max(8, valueBytes)];
        byte[] key = new byte[8];
        for (int i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteInt64BigEndian(key, (tag + i) % 7);
            new Random((int)(tag + i)).NextBytes(value);
            BinaryPrimitives.WriteInt64BigEndian(value, tag + i);
            builder.TryAppend(timestampMs + i, key, value);
        }

        return builder.Build().ToArray();
    }

    /// <summary>A transaction marker.</summary>
    public static byte[] Marker(long producerId, short producerEpoch, bool commit, int coordinatorEpoch = 0, long timestampMs = StartMs)
    {
        byte[] key = [0, 0, 0, (byte)(commit ? 1 : 0)];
        byte[] value = new byte[6];
        BinaryPrimitives.WriteInt32BigEndian(value.AsSpan(2), coordinatorEpoch);
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions
        {
            Compression = CompressionType.None,
            ProducerId = producerId,
            ProducerEpoch = producerEpoch,
            IsTransactional = true,
            IsControl = true,
        });
        builder.TryAppend(timestampMs, key, value);
        return builder.Build().ToArray();
    }
}
