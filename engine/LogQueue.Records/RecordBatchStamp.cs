using System.Buffers.Binary;
using LogQueue.Records.Checksums;

namespace LogQueue.Records;

/// <summary>What the broker writes into a batch on its way to the log, in place. Pure functions; the caller owns the bytes.</summary>
public static class RecordBatchStamp
{
    /// <summary>Writes base offset and leader epoch, which the checksum does not cover.</summary>
    public static void Stamp(Span<byte> batch, long baseOffset, int partitionLeaderEpoch)
    {
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchLayout.BaseOffsetPosition..], baseOffset);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchLayout.PartitionLeaderEpochPosition..], partitionLeaderEpoch);
    }

    /// <summary>Makes the batch's time the broker's: sets the attribute and the max timestamp, and renews the checksum.</summary>
    /// <param name="batch">Exactly one batch.</param>
    /// <param name="timestampMs">Append time in milliseconds since 1970 UTC.</param>
    public static void StampLogAppendTime(Span<byte> batch, long timestampMs)
    {
        Span<byte> attributes = batch[RecordBatchLayout.AttributesPosition..];
        BinaryPrimitives.WriteInt16BigEndian(attributes,
            (short)(BinaryPrimitives.ReadInt16BigEndian(attributes) | RecordBatchLayout.LogAppendTimeBit));
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchLayout.MaxTimestampPosition..], timestampMs);
        WriteCrc(batch);
    }

    /// <summary>Computes and writes the checksum.</summary>
    /// <param name="batch">Exactly one batch.</param>
    public static void WriteCrc(Span<byte> batch) =>
        BinaryPrimitives.WriteUInt32BigEndian(batch[RecordBatchLayout.CrcPosition..],
            Crc32C.Compute(batch[RecordBatchLayout.AttributesPosition..]));
}
