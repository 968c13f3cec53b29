using System.Text;
using LogQueue.Records.Compression;
using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.Records;

/// <summary>
/// Decodes the records of one batch, decompressing into a pooled buffer first where there is a codec. Records alias that buffer (or
/// the batch) and are valid until <see cref="Reset"/> or <see cref="Dispose"/>. A reader that is reset for batch after batch allocates
/// nothing for them. Not thread-safe.
/// </summary>
public sealed class RecordBatchReader : IDisposable
{
    /// <summary>Least size of a record: length, attributes, two deltas, two lengths, header count, a byte each.</summary>
    private const int LeastRecordBytes = 7;

    private readonly RecordDecodeLimits _limits;
    private PooledBufferWriter? _decompressed;
    private ReadOnlyMemory<byte> _records;
    private long _baseOffset;
    private long _baseTimestamp;
    private long? _appendTimestamp;
    private int _count;
    private int _position;
    private int _read;

    /// <summary>A reader without a batch: <see cref="Reset"/> gives it one.</summary>
    /// <param name="limits">Bounds of the decompression; null for <see cref="RecordDecodeLimits.Default"/>.</param>
    public RecordBatchReader(RecordDecodeLimits? limits = null) => _limits = limits ?? RecordDecodeLimits.Default;

    /// <summary>Size of the records once they are decompressed, in bytes, the batch's header not counted.</summary>
    public int RecordsBytes => _records.Length;

    /// <summary>Opens exactly one batch.</summary>
    /// <param name="batch">Bytes whose header and checksum were checked, or not: nothing is trusted here.</param>
    /// <param name="limits">Bounds of the decompression.</param>
    /// <exception cref="CorruptRecordException">The bytes do not follow the format, or exceed the limits.</exception>
    public static RecordBatchReader Open(ReadOnlyMemory<byte> batch, RecordDecodeLimits? limits = null)
    {
        var reader = new RecordBatchReader(limits);
        try
        {
            reader.Reset(batch);
            return reader;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>Goes to another batch and keeps the buffer; records read before are no longer valid.</summary>
    /// <param name="batch">Bytes whose header and checksum were checked, or not: nothing is trusted here.</param>
    /// <exception cref="CorruptRecordException">The bytes do not follow the format, or exceed the limits; no record can be
    /// read.</exception>
    public void Reset(ReadOnlyMemory<byte> batch)
    {
        _records = default;
        _count = _read = _position = 0;
        if (batch.Length < RecordBatchLayout.HeaderBytes)
        {
            throw new CorruptRecordException($"A batch of {batch.Length} bytes is shorter than its header.");
        }

        var view = new RecordBatchView(batch.Span);
        if (view.Magic != RecordBatchLayout.Magic || view.RecordCount < 0)
        {
            throw new CorruptRecordException($"Magic {view.Magic} with {view.RecordCount} records: not a batch of format 2.");
        }

        ReadOnlyMemory<byte> records = batch[RecordBatchLayout.HeaderBytes..];
        if (view.Compression != CompressionType.None)
        {
            records = Decompress(view.Compression, records.Span);
        }

        _records = records;
        _baseOffset = view.BaseOffset;
        _baseTimestamp = view.BaseTimestamp;
        _appendTimestamp = view.TimestampType == TimestampType.LogAppendTime ? view.MaxTimestamp : null;
        _count = view.RecordCount;
    }

    /// <summary>Reads the next record; false after the last.</summary>
    /// <exception cref="CorruptRecordException">The records do not follow the format, or their number is not the announced one.</exception>
    public bool TryRead(out Record record)
    {
        if (!TryBegin(out int end, out long offset, out long timestampMs))
        {
            record = default;
            return false;
        }

        ReadOnlySpan<byte> span = _records.Span;
        ReadOnlyMemory<byte>? key = ReadBytes(span, end);
        ReadOnlyMemory<byte>? value = ReadBytes(span, end);
        RecordHeader[] headers = ReadHeaders(span, end);
        End(end);
        record = new Record(offset, timestampMs, key, value, headers);
        return true;
    }

    /// <summary>Reads the next record where it lies, its headers too: allocates nothing. False after the last.</summary>
    /// <exception cref="CorruptRecordException">The records do not follow the format, or their number is not the announced one.</exception>
    public bool TryReadView(out RecordView record)
    {
        if (!TryBegin(out int end, out long offset, out long timestampMs))
        {
            record = default;
            return false;
        }

        ReadOnlySpan<byte> span = _records.Span;
        ReadOnlySpan<byte> key = ReadSpan(span, end, out bool hasKey);
        ReadOnlySpan<byte> value = ReadSpan(span, end, out bool hasValue);
        int headerCount = ReadHeaderCount(span, end);
        int headers = _position;
        for (int i = 0; i < headerCount; i++)
        {
            ReadSpan(span, end, out bool hasName);
            if (!hasName)
            {
                throw Corrupt("a header without key");
            }

            ReadSpan(span, end, out _);
        }

        End(end);
        record = new RecordView(
            offset, timestampMs, key, hasKey, value, hasValue, new RecordHeaderViews(span[headers..end], headerCount));
        return true;
    }

    /// <summary>Gives the decompressed bytes back; records read before are no longer valid.</summary>
    public void Dispose()
    {
        _decompressed?.Dispose();
        _decompressed = null;
        _records = default;
        _count = _read = _position = 0;
    }

    private ReadOnlyMemory<byte> Decompress(CompressionType compression, ReadOnlySpan<byte> records)
    {
        int most = _limits.MaxDecompressedBytes;
        _decompressed ??= new PooledBufferWriter((int)Math.Min(most, records.Length * 3L), most);
        _decompressed.Reset();
        CompressionCodecs.For(compression).Decompress(records, _decompressed, most);
        return _decompressed.WrittenMemory;
    }

    /// <summary>Reads up to the key; false after the last record.</summary>
    private bool TryBegin(out int end, out long offset, out long timestampMs)
    {
        end = 0;
        offset = timestampMs = -1;
        if (_read == _count)
        {
            return _position == _records.Length ? false : throw Corrupt($"{_records.Length - _position} bytes after the last record");
        }

        ReadOnlySpan<byte> span = _records.Span;
        int length = ReadInt32(span);
        if (length < LeastRecordBytes - 1 || length > span.Length - _position)
        {
            throw Corrupt($"a record of {length} bytes with {span.Length - _position} left");
        }

        end = _position + length;
        _position++;
        long timestampDelta = ReadInt64(span);
        int offsetDelta = ReadInt32(span);
        if (offsetDelta < 0)
        {
            throw Corrupt($"offset delta {offsetDelta}");
        }

        offset = unchecked(_baseOffset + offsetDelta);
        timestampMs = _appendTimestamp ?? unchecked(_baseTimestamp + timestampDelta);
        return true;
    }

    private void End(int end)
    {
        if (_position != end)
        {
            throw Corrupt($"a record that ends at {_position}, announced {end}");
        }

        _read++;
    }

    private int ReadHeaderCount(ReadOnlySpan<byte> span, int end)
    {
        int count = ReadInt32(span);

        // A header takes two bytes at least: a count beyond that is checked before anything is allocated for it.
        return count >= 0 && count <= Math.Max(0, end - _position) / 2 ? count
            : throw Corrupt($"{count} headers in {end - _position} bytes");
    }

    private RecordHeader[] ReadHeaders(ReadOnlySpan<byte> span, int end)
    {
        int count = ReadHeaderCount(span, end);
        if (count == 0)
        {
            return [];
        }

        var headers = new RecordHeader[count];
        for (int i = 0; i < count; i++)
        {
            ReadOnlyMemory<byte> name = ReadBytes(span, end) ?? throw Corrupt("a header without key");
            headers[i] = new RecordHeader(Encoding.UTF8.GetString(name.Span), ReadBytes(span, end));
        }

        return headers;
    }

    private ReadOnlyMemory<byte>? ReadBytes(ReadOnlySpan<byte> span, int end)
    {
        ReadOnlySpan<byte> bytes = ReadSpan(span, end, out bool isPresent);
        return isPresent ? _records.Slice(_position - bytes.Length, bytes.Length) : default(ReadOnlyMemory<byte>?);
    }

    private ReadOnlySpan<byte> ReadSpan(ReadOnlySpan<byte> span, int end, out bool isPresent)
    {
        int length = ReadInt32(span);
        isPresent = length >= 0;
        if (!isPresent)
        {
            return length == -1 ? default : throw Corrupt($"bytes of length {length}");
        }

        if (length > end - _position)
        {
            throw Corrupt($"bytes of length {length} with {end - _position} left");
        }

        ReadOnlySpan<byte> bytes = span.Slice(_position, length);
        _position += length;
        return bytes;
    }

    private int ReadInt32(ReadOnlySpan<byte> span)
    {
        if (!Varint.TryReadZigZag32(span[_position..], out int value, out int bytesRead))
        {
            throw Corrupt("not a varint");
        }

        _position += bytesRead;
        return value;
    }

    private long ReadInt64(ReadOnlySpan<byte> span)
    {
        if (!Varint.TryReadZigZag64(span[_position..], out long value, out int bytesRead))
        {
            throw Corrupt("not a varint");
        }

        _position += bytesRead;
        return value;
    }

    private CorruptRecordException Corrupt(string what) =>
        new($"Record {_read} of the batch at offset {_baseOffset}, byte {Math.Min(_position, _records.Length)} of its records: {what}.");
}
