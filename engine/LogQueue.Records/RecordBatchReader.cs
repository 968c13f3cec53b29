using System.Text;
using LogQueue.Records.Compression;
using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.Records;

/// <summary>
/// Decodes the records of one batch, decompressing into a pooled buffer first where there is a codec. Records alias that buffer (or
/// the batch) and are valid until <see cref="Dispose"/>. Not thread-safe.
/// </summary>
public sealed class RecordBatchReader : IDisposable
{
    /// <summary>Least size of a record: length, attributes, two deltas, two lengths, header count, a byte each.</summary>
    private const int LeastRecordBytes = 7;

    private readonly PooledBufferWriter? _decompressed;
    private readonly ReadOnlyMemory<byte> _records;
    private readonly long _baseOffset;
    private readonly long _baseTimestamp;
    private readonly long? _appendTimestamp;
    private readonly int _count;
    private int _position;
    private int _read;

    private RecordBatchReader(RecordBatchView view, ReadOnlyMemory<byte> records, PooledBufferWriter? decompressed)
    {
        _baseOffset = view.BaseOffset;
        _baseTimestamp = view.BaseTimestamp;
        _appendTimestamp = view.TimestampType == TimestampType.LogAppendTime ? view.MaxTimestamp : null;
        _count = view.RecordCount;
        _records = records;
        _decompressed = decompressed;
    }

    /// <summary>Size of the records once they are decompressed, in bytes, the batch's header not counted.</summary>
    public int RecordsBytes => _records.Length;

    /// <summary>Opens exactly one batch.</summary>
    /// <param name="batch">Bytes whose header and checksum were checked, or not: nothing is trusted here.</param>
    /// <param name="limits">Bounds of the decompression.</param>
    /// <exception cref="CorruptRecordException">The bytes do not follow the format, or exceed the limits.</exception>
    public static RecordBatchReader Open(ReadOnlyMemory<byte> batch, RecordDecodeLimits? limits = null)
    {
        limits ??= RecordDecodeLimits.Default;
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
        if (view.Compression == CompressionType.None)
        {
            return new RecordBatchReader(view, records, null);
        }

        var output = new PooledBufferWriter(Math.Min(limits.MaxDecompressedBytes, records.Length * 3), limits.MaxDecompressedBytes);
        try
        {
            CompressionCodecs.For(view.Compression).Decompress(records.Span, output, limits.MaxDecompressedBytes);
            return new RecordBatchReader(view, output.WrittenMemory, output);
        }
        catch
        {
            output.Dispose();
            throw;
        }
    }

    /// <summary>Reads the next record; false after the last.</summary>
    /// <exception cref="CorruptRecordException">The records do not follow the format, or their number is not the announced one.</exception>
    public bool TryRead(out Record record)
    {
        if (_read == _count)
        {
            record = default;
            return _position == _records.Length ? false : throw Corrupt($"{_records.Length - _position} bytes after the last record");
        }

        ReadOnlySpan<byte> span = _records.Span;
        int length = ReadInt32(span);
        if (length < LeastRecordBytes - 1 || length > span.Length - _position)
        {
            throw Corrupt($"a record of {length} bytes with {span.Length - _position} left");
        }

        int end = _position + length;
        _position++;
        long timestampDelta = ReadInt64(span);
        int offsetDelta = ReadInt32(span);
        ReadOnlyMemory<byte>? key = ReadBytes(span, end);
        ReadOnlyMemory<byte>? value = ReadBytes(span, end);
        RecordHeader[] headers = ReadHeaders(span, end);
        if (_position != end || offsetDelta < 0)
        {
            throw Corrupt(offsetDelta < 0 ? $"offset delta {offsetDelta}" : $"a record that ends at {_position}, announced {end}");
        }

        _read++;
        long timestamp = _appendTimestamp ?? unchecked(_baseTimestamp + timestampDelta);
        record = new Record(unchecked(_baseOffset + offsetDelta), timestamp, key, value, headers);
        return true;
    }

    /// <summary>Gives the decompressed bytes back; records read before are no longer valid.</summary>
    public void Dispose() => _decompressed?.Dispose();

    private RecordHeader[] ReadHeaders(ReadOnlySpan<byte> span, int end)
    {
        int count = ReadInt32(span);
        if (count == 0)
        {
            return [];
        }

        // A header takes two bytes at least: a count beyond that is checked before anything is allocated for it.
        if (count < 0 || count > (end - _position) / 2)
        {
            throw Corrupt($"{count} headers in {end - _position} bytes");
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
        int length = ReadInt32(span);
        if (length < 0)
        {
            return length == -1 ? null : throw Corrupt($"bytes of length {length}");
        }

        if (length > end - _position)
        {
            throw Corrupt($"bytes of length {length} with {end - _position} left");
        }

        ReadOnlyMemory<byte> bytes = _records.Slice(_position, length);
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
