using System.Buffers.Binary;
using LogQueue.Records;

namespace LogQueue.Storage.Repair;

/// <summary>
/// A batch without records that stands for offsets whose records are lost, as Kafka's cleaner leaves them: readers step over it to the
/// next batch, the offsets are never given out again, and the log stays without gaps. Stateless.
/// </summary>
internal static class EmptyBatch
{
    /// <summary>The batches (one, unless there are more than 2^31 offsets) that hold [from, to).</summary>
    internal static byte[] Build(long from, long to, int leaderEpoch, long timestampMs)
    {
        using var bytes = new MemoryStream();
        Span<byte> b = stackalloc byte[RecordBatchLayout.HeaderBytes];
        for (long next = from; next < to;)
        {
            int delta = (int)Math.Min(int.MaxValue, to - next - 1);
            b.Clear();
            BinaryPrimitives.WriteInt32BigEndian(b[RecordBatchLayout.BatchLengthPosition..],
                RecordBatchLayout.HeaderBytes - RecordBatchLayout.LogOverheadBytes);
            b[RecordBatchLayout.MagicPosition] = (byte)RecordBatchLayout.Magic;
            BinaryPrimitives.WriteInt32BigEndian(b[RecordBatchLayout.LastOffsetDeltaPosition..], delta);
            BinaryPrimitives.WriteInt64BigEndian(b[RecordBatchLayout.BaseTimestampPosition..], timestampMs);
            BinaryPrimitives.WriteInt64BigEndian(b[RecordBatchLayout.MaxTimestampPosition..], timestampMs);
            BinaryPrimitives.WriteInt64BigEndian(b[RecordBatchLayout.ProducerIdPosition..], -1);
            BinaryPrimitives.WriteInt16BigEndian(b[RecordBatchLayout.ProducerEpochPosition..], -1);
            BinaryPrimitives.WriteInt32BigEndian(b[RecordBatchLayout.BaseSequencePosition..], -1);
            RecordBatchStamp.Stamp(b, next, leaderEpoch);
            RecordBatchStamp.WriteCrc(b);
            bytes.Write(b);
            next += delta + 1L;
        }

        return bytes.ToArray();
    }
}
