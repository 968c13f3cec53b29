using LogQueue.Records;
using LogQueue.Records.Compression;
using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Compaction;

/// <summary>
/// Walks the records of one batch without decoding what the cleaner does not look at (headers, attributes, values), so that a record is
/// copied as the bytes it is. Not thread-safe; valid until the next batch is opened with the same buffer.
/// </summary>
internal ref struct RecordCursor
{
    private readonly ReadOnlySpan<byte> _records;
    private readonly long _baseOffset;
    private readonly int _count;
    private int _position;
    private int _read;

    private RecordCursor(in RecordBatchView batch, ReadOnlySpan<byte> records)
    {
        _records = records;
        _baseOffset = batch.BaseOffset;
        _count = batch.RecordCount;
    }

    /// <summary>The whole current record, its length included.</summary>
    public ReadOnlySpan<byte> Whole { get; private set; }

    /// <summary>The current record from after its timestamp on.</summary>
    public ReadOnlySpan<byte> AfterTimestamp { get; private set; }

    /// <summary>Its attributes, of which none are in use.</summary>
    public byte Attributes { get; private set; }

    /// <summary>Its timestamp relative to the batch's field.</summary>
    public long TimestampDelta { get; private set; }

    /// <summary>Its offset.</summary>
    public long Offset { get; private set; }

    /// <summary>True when it has a key.</summary>
    public bool HasKey { get; private set; }

    /// <summary>Its key; empty without one.</summary>
    public ReadOnlySpan<byte> Key { get; private set; }

    /// <summary>False for a tombstone.</summary>
    public bool HasValue { get; private set; }

    /// <summary>Opens a batch; its records are decompressed into the buffer where there is a codec.</summary>
    /// <exception cref="CorruptRecordException">They do not decompress within the buffer's bound.</exception>
    public static RecordCursor Open(in RecordBatchView batch, PooledBufferWriter decompressed)
    {
        if (batch.Compression == CompressionType.None || batch.RecordsSection.IsEmpty)
        {
            return new RecordCursor(batch, batch.RecordsSection);
        }

        decompressed.Reset();
        CompressionCodecs.For(batch.Compression).Decompress(batch.RecordsSection, decompressed, decompressed.MaxBytes);
        return new RecordCursor(batch, decompressed.WrittenSpan);
    }

    /// <summary>Moves to the next record; false after the last.</summary>
    /// <exception cref="CorruptRecordException">The records do not follow the format, or are not as many as announced.</exception>
    public bool MoveNext()
    {
        if (_read == _count)
        {
            return _position == _records.Length ? false : throw Corrupt("bytes after the last record");
        }

        ReadOnlySpan<byte> rest = _records[_position..];
        if (!Varint.TryReadZigZag32(rest, out int length, out int prefix) || length < 1 || length > rest.Length - prefix)
        {
            throw Corrupt("an impossible length");
        }

        Whole = rest[..(prefix + length)];
        Attributes = Whole[prefix];
        ReadOnlySpan<byte> body = Whole[(prefix + 1)..];
        if (!Varint.TryReadZigZag64(body, out long timestampDelta, out int read))
        {
            throw Corrupt("a bad timestamp");
        }

        TimestampDelta = timestampDelta;
        AfterTimestamp = body = body[read..];
        if (!Varint.TryReadZigZag32(body, out int offsetDelta, out read) || offsetDelta < 0
            || !Varint.TryReadZigZag32(body = body[read..], out int keyBytes, out read) || keyBytes < -1
            || keyBytes > body.Length - read)
        {
            throw Corrupt("a bad offset or key");
        }

        HasKey = keyBytes >= 0;
        Key = HasKey ? body.Slice(read, keyBytes) : [];
        body = body[(read + Math.Max(0, keyBytes))..];
        if (!Varint.TryReadZigZag32(body, out int valueBytes, out read) || valueBytes < -1 || valueBytes > body.Length - read)
        {
            throw Corrupt("a bad value");
        }

        HasValue = valueBytes >= 0;
        Offset = _baseOffset + offsetDelta;
        _position += Whole.Length;
        _read++;
        return true;
    }

    private readonly CorruptRecordException Corrupt(string what) =>
        new($"Record {_read} of {_count} of the batch at offset {_baseOffset}: {what}.");
}
