namespace LogQueue.Records;

/// <summary>
/// Layout of a RecordBatch v2 (Kafka protocol guide, "Record Batch"; KIP-98). All integers are big-endian.
/// <code>
///  0 ┌ baseOffset            int64   written by the broker, outside the CRC
///  8 │ batchLength           int32   bytes after this field: size - 12, at least 49
/// 12 │ partitionLeaderEpoch  int32   written by the broker, outside the CRC
/// 16 │ magic                 int8    2
/// 17 │ crc                   uint32  CRC-32C of byte 21 to the end, records in their compressed form
/// 21 │ attributes            int16   0-2 codec, 3 timestamp type, 4 transactional, 5 control, 6 delete horizon, rest 0
/// 23 │ lastOffsetDelta       int32   last offset = baseOffset + this; survives compaction
/// 27 │ baseTimestamp         int64   of the first record, or the delete horizon in ms when bit 6 is set
/// 35 │ maxTimestamp          int64   or the append time when bit 3 is set
/// 43 │ producerId            int64   -1 none
/// 51 │ producerEpoch         int16   -1 none
/// 53 │ baseSequence          int32   -1 none; wraps from 2^31-1 to 0
/// 57 │ recordCount           int32   compaction may make it less than lastOffsetDelta + 1, even 0
/// 61 └ records               varint-coded, one blob when compressed
/// </code>
/// The offset and the epoch lie outside the checksum so that the broker can stamp them without reading the batch again.
/// </summary>
public static class RecordBatchLayout
{
    /// <summary>Byte position of the base offset.</summary>
    public const int BaseOffsetPosition = 0;

    /// <summary>Byte position of the length of what follows it.</summary>
    public const int BatchLengthPosition = BaseOffsetPosition + 8;

    /// <summary>Byte position of the leader epoch.</summary>
    public const int PartitionLeaderEpochPosition = BatchLengthPosition + 4;

    /// <summary>Byte position of the format version.</summary>
    public const int MagicPosition = PartitionLeaderEpochPosition + 4;

    /// <summary>Byte position of the checksum.</summary>
    public const int CrcPosition = MagicPosition + 1;

    /// <summary>Byte position of the attributes, the first byte that the checksum covers.</summary>
    public const int AttributesPosition = CrcPosition + 4;

    /// <summary>Byte position of the last offset's delta.</summary>
    public const int LastOffsetDeltaPosition = AttributesPosition + 2;

    /// <summary>Byte position of the first timestamp.</summary>
    public const int BaseTimestampPosition = LastOffsetDeltaPosition + 4;

    /// <summary>Byte position of the greatest timestamp.</summary>
    public const int MaxTimestampPosition = BaseTimestampPosition + 8;

    /// <summary>Byte position of the producer id.</summary>
    public const int ProducerIdPosition = MaxTimestampPosition + 8;

    /// <summary>Byte position of the producer epoch.</summary>
    public const int ProducerEpochPosition = ProducerIdPosition + 8;

    /// <summary>Byte position of the first sequence number.</summary>
    public const int BaseSequencePosition = ProducerEpochPosition + 2;

    /// <summary>Byte position of the record count.</summary>
    public const int RecordCountPosition = BaseSequencePosition + 4;

    /// <summary>Size of the header; records begin here.</summary>
    public const int HeaderBytes = RecordCountPosition + 4;

    /// <summary>Bytes before and including the length field: size = batchLength + this.</summary>
    public const int LogOverheadBytes = BatchLengthPosition + 4;

    /// <summary>The format version this house writes and reads.</summary>
    public const sbyte Magic = 2;

    /// <summary>Attribute bits of the codec.</summary>
    public const short CompressionMask = 0x07;

    /// <summary>Attribute bit: timestamps are the broker's.</summary>
    public const short LogAppendTimeBit = 0x08;

    /// <summary>Attribute bit: part of a transaction.</summary>
    public const short TransactionalBit = 0x10;

    /// <summary>Attribute bit: a control batch.</summary>
    public const short ControlBit = 0x20;

    /// <summary>Attribute bit: the base timestamp field holds the delete horizon.</summary>
    public const short DeleteHorizonBit = 0x40;
}
