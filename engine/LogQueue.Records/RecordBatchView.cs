using System.Buffers.Binary;
using LogQueue.Records.Checksums;

namespace LogQueue.Records;

/// <summary>
/// Typed read access to the bytes of one batch; copies nothing and checks nothing beyond what each member says
/// (<see cref="RecordBatchValidator"/> checks). A view: thread-safe as long as the bytes do not change.
/// </summary>
public readonly ref struct RecordBatchView
{
    private readonly ReadOnlySpan<byte> _bytes;

    /// <summary>Looks at a batch.</summary>
    /// <param name="batch">At least the header; exactly one batch where records or the checksum are asked for.</param>
    /// <exception cref="ArgumentException">Shorter than a header.</exception>
    public RecordBatchView(ReadOnlySpan<byte> batch)
    {
        if (batch.Length < RecordBatchLayout.HeaderBytes)
        {
            throw new ArgumentException($"A batch has at least {RecordBatchLayout.HeaderBytes} bytes, these are {batch.Length}.",
                nameof(batch));
        }

        _bytes = batch;
    }

    /// <summary>The bytes looked at.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Offset of the first record as written (compaction may have taken that record).</summary>
    public long BaseOffset => ReadInt64(RecordBatchLayout.BaseOffsetPosition);

    /// <summary>Size of the whole batch by its own length field, in bytes.</summary>
    public long SizeBytes => (long)ReadInt32(RecordBatchLayout.BatchLengthPosition) + RecordBatchLayout.LogOverheadBytes;

    /// <summary>Leader epoch under which it was appended; -1 from a producer.</summary>
    public int PartitionLeaderEpoch => ReadInt32(RecordBatchLayout.PartitionLeaderEpochPosition);

    /// <summary>Format version.</summary>
    public sbyte Magic => unchecked((sbyte)_bytes[RecordBatchLayout.MagicPosition]);

    /// <summary>The checksum as stored.</summary>
    public uint Crc => BinaryPrimitives.ReadUInt32BigEndian(_bytes[RecordBatchLayout.CrcPosition..]);

    /// <summary>All attribute bits.</summary>
    public short Attributes => BinaryPrimitives.ReadInt16BigEndian(_bytes[RecordBatchLayout.AttributesPosition..]);

    /// <summary>Codec of the records; may be a number that no codec has.</summary>
    public CompressionType Compression => (CompressionType)(Attributes & RecordBatchLayout.CompressionMask);

    /// <summary>Whose time the timestamps are.</summary>
    public TimestampType TimestampType => Has(RecordBatchLayout.LogAppendTimeBit) ? TimestampType.LogAppendTime : TimestampType.CreateTime;

    /// <summary>True when the batch is part of a transaction.</summary>
    public bool IsTransactional => Has(RecordBatchLayout.TransactionalBit);

    /// <summary>True for a batch of the broker's own, such as a transaction marker.</summary>
    public bool IsControl => Has(RecordBatchLayout.ControlBit);

    /// <summary>True when the base timestamp field holds the time after which tombstones may go.</summary>
    public bool HasDeleteHorizon => Has(RecordBatchLayout.DeleteHorizonBit);

    /// <summary>Last offset minus base offset.</summary>
    public int LastOffsetDelta => ReadInt32(RecordBatchLayout.LastOffsetDeltaPosition);

    /// <summary>Offset of the last record as written.</summary>
    public long LastOffset => unchecked(BaseOffset + LastOffsetDelta);

    /// <summary>First offset after this batch.</summary>
    public long NextOffset => unchecked(LastOffset + 1);

    /// <summary>Timestamp field that record timestamps are relative to, in milliseconds.</summary>
    public long BaseTimestamp => ReadInt64(RecordBatchLayout.BaseTimestampPosition);

    /// <summary>Greatest record timestamp, or the append time, in milliseconds.</summary>
    public long MaxTimestamp => ReadInt64(RecordBatchLayout.MaxTimestampPosition);

    /// <summary>Producer id; -1 none.</summary>
    public long ProducerId => ReadInt64(RecordBatchLayout.ProducerIdPosition);

    /// <summary>Producer epoch; -1 none.</summary>
    public short ProducerEpoch => BinaryPrimitives.ReadInt16BigEndian(_bytes[RecordBatchLayout.ProducerEpochPosition..]);

    /// <summary>Sequence number of the first record; -1 none.</summary>
    public int BaseSequence => ReadInt32(RecordBatchLayout.BaseSequencePosition);

    /// <summary>Sequence number of the last record, wrapping from 2^31-1 to 0; -1 none.</summary>
    public int LastSequence => BaseSequence < 0 ? -1 : unchecked((BaseSequence + LastOffsetDelta) & int.MaxValue);

    /// <summary>Records in the batch.</summary>
    public int RecordCount => ReadInt32(RecordBatchLayout.RecordCountPosition);

    /// <summary>The records, compressed as one blob where there is a codec.</summary>
    public ReadOnlySpan<byte> RecordsSection => _bytes[RecordBatchLayout.HeaderBytes..];

    /// <summary>True when the stored checksum is that of the bytes.</summary>
    public bool IsChecksumValid => ComputeCrc() == Crc;

    /// <summary>Computes the checksum over everything it covers.</summary>
    public uint ComputeCrc() => Crc32C.Compute(_bytes[RecordBatchLayout.AttributesPosition..]);

    /// <summary>Reads a batch's size from its first bytes; false when they are too few, or the size is impossible.</summary>
    /// <param name="header">The first bytes of a batch.</param>
    /// <param name="sizeBytes">Size of the whole batch.</param>
    public static bool TryReadSize(ReadOnlySpan<byte> header, out int sizeBytes)
    {
        sizeBytes = 0;
        if (header.Length < RecordBatchLayout.LogOverheadBytes)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadInt32BigEndian(header[RecordBatchLayout.BatchLengthPosition..]);
        if (length < RecordBatchLayout.HeaderBytes - RecordBatchLayout.LogOverheadBytes
            || length > int.MaxValue - RecordBatchLayout.LogOverheadBytes)
        {
            return false;
        }

        sizeBytes = length + RecordBatchLayout.LogOverheadBytes;
        return true;
    }

    private bool Has(short bit) => (Attributes & bit) != 0;

    private int ReadInt32(int position) => BinaryPrimitives.ReadInt32BigEndian(_bytes[position..]);

    private long ReadInt64(int position) => BinaryPrimitives.ReadInt64BigEndian(_bytes[position..]);
}
