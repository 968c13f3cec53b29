using System.Buffers.Binary;
using System.Text;
using LogQueue.Records.Compression;
using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.Records;

/// <summary>
/// Encodes records into one batch, straight into a pooled buffer; nothing is allocated per record. Reusable after
/// <see cref="Reset"/>. Not thread-safe.
/// </summary>
public sealed class RecordBatchBuilder : IDisposable
{
    private const int InitialBytes = 16 * 1024;

    private readonly RecordBatchBuilderOptions _options;
    private readonly PooledBufferWriter _plain;
    private PooledBufferWriter? _compressed;
    private long _baseTimestamp;
    private long _maxTimestamp;
    private long _producerId;
    private short _producerEpoch;
    private int _baseSequence;

    /// <summary>Creates an empty builder.</summary>
    public RecordBatchBuilder(RecordBatchBuilderOptions options)
    {
        _options = options;
        _plain = new PooledBufferWriter(Math.Min(options.MaxBatchBytes, InitialBytes));
        Reset();
    }

    /// <summary>Records appended since creation or the last reset.</summary>
    public int RecordCount { get; private set; }

    /// <summary>Size of the batch so far before compression, in bytes.</summary>
    public int EstimatedBytes => _plain.WrittenCount;

    /// <summary>Appends a record with key and value and without headers; false when it has no room (the first always has).</summary>
    public bool TryAppend(long timestampMs, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        long delta = RecordCount == 0 ? 0 : timestampMs - _baseTimestamp;
        int body = 1 + Varint.SizeOfZigZag64(delta) + Varint.SizeOfZigZag32(RecordCount)
            + Varint.SizeOfZigZag32(key.Length) + key.Length + Varint.SizeOfZigZag32(value.Length) + value.Length + 1;
        if (!HasRoom(body))
        {
            return false;
        }

        Span<byte> span = _plain.GetSpan(body + Varint.MaxBytes32);
        int at = Begin(span, body, delta);
        at += Varint.WriteZigZag32(span[at..], key.Length);
        key.CopyTo(span[at..]);
        at += key.Length;
        at += Varint.WriteZigZag32(span[at..], value.Length);
        value.CopyTo(span[at..]);
        at += value.Length;
        span[at++] = 0;
        End(at, timestampMs);
        return true;
    }

    /// <summary>Appends a record whose key or value may be null; false when it has no room (the first always has).</summary>
    public bool TryAppend(long timestampMs, ReadOnlyMemory<byte>? key, ReadOnlyMemory<byte>? value, ReadOnlySpan<RecordHeader> headers =
        default)
    {
        long delta = RecordCount == 0 ? 0 : timestampMs - _baseTimestamp;
        int body = 1 + Varint.SizeOfZigZag64(delta) + Varint.SizeOfZigZag32(RecordCount) + SizeOf(key) + SizeOf(value)
            + Varint.SizeOfZigZag32(headers.Length);
        foreach (RecordHeader header in headers)
        {
            int nameBytes = Encoding.UTF8.GetByteCount(header.Key);
            body += Varint.SizeOfZigZag32(nameBytes) + nameBytes + SizeOf(header.Value);
        }

        if (!HasRoom(body))
        {
            return false;
        }

        Span<byte> span = _plain.GetSpan(body + Varint.MaxBytes32);
        int at = Begin(span, body, delta);
        at += Write(span[at..], key);
        at += Write(span[at..], value);
        at += Varint.WriteZigZag32(span[at..], headers.Length);
        foreach (RecordHeader header in headers)
        {
            at += Varint.WriteZigZag32(span[at..], Encoding.UTF8.GetByteCount(header.Key));
            at += Encoding.UTF8.GetBytes(header.Key, span[at..]);
            at += Write(span[at..], header.Value);
        }

        End(at, timestampMs);
        return true;
    }

    /// <summary>Sets the producer fields of this batch; <see cref="Reset"/> goes back to those of the options.</summary>
    public void SetProducer(long producerId, short producerEpoch, int baseSequence)
    {
        _producerId = producerId;
        _producerEpoch = producerEpoch;
        _baseSequence = baseSequence;
    }

    /// <summary>
    /// Compresses, writes the header and the checksum. The bytes are valid (and may be stamped) until the next call of this builder.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no record.</exception>
    public Memory<byte> Build()
    {
        if (RecordCount == 0)
        {
            throw new InvalidOperationException("A batch has at least one record.");
        }

        PooledBufferWriter output = _plain;
        if (_options.Compression != CompressionType.None)
        {
            output = _compressed ??= new PooledBufferWriter(InitialBytes);
            output.Reset();
            output.GetSpan(RecordBatchLayout.HeaderBytes);
            output.Advance(RecordBatchLayout.HeaderBytes);
            CompressionCodecs.For(_options.Compression).Compress(_plain.WrittenSpan[RecordBatchLayout.HeaderBytes..], output,
                _options.CompressionLevel);
        }

        WriteHeader(output.WrittenSpanMutable);
        return output.WrittenMemoryMutable;
    }

    /// <summary>Forgets all records and keeps the buffers.</summary>
    public void Reset()
    {
        _plain.Reset();
        _plain.GetSpan(RecordBatchLayout.HeaderBytes);
        _plain.Advance(RecordBatchLayout.HeaderBytes);
        RecordCount = 0;
        SetProducer(_options.ProducerId, _options.ProducerEpoch, _options.BaseSequence);
    }

    /// <summary>Gives the buffers back.</summary>
    public void Dispose()
    {
        _plain.Dispose();
        _compressed?.Dispose();
    }

    private static int SizeOf(ReadOnlyMemory<byte>? bytes) => bytes is { } b ? Varint.SizeOfZigZag32(b.Length) + b.Length : 1;

    private static int Write(Span<byte> destination, ReadOnlyMemory<byte>? bytes)
    {
        if (bytes is not { } value)
        {
            return Varint.WriteZigZag32(destination, -1);
        }

        int at = Varint.WriteZigZag32(destination, value.Length);
        value.Span.CopyTo(destination[at..]);
        return at + value.Length;
    }

    private bool HasRoom(int body) =>
        RecordCount == 0 || (long)_plain.WrittenCount + Varint.SizeOfZigZag32(body) + body <= _options.MaxBatchBytes;

    private int Begin(Span<byte> span, int body, long timestampDelta)
    {
        int at = Varint.WriteZigZag32(span, body);
        span[at++] = 0;
        at += Varint.WriteZigZag64(span[at..], timestampDelta);
        return at + Varint.WriteZigZag32(span[at..], RecordCount);
    }

    private void End(int bytes, long timestampMs)
    {
        _plain.Advance(bytes);
        if (RecordCount == 0)
        {
            _baseTimestamp = timestampMs;
            _maxTimestamp = timestampMs;
        }
        else if (timestampMs > _maxTimestamp)
        {
            _maxTimestamp = timestampMs;
        }

        RecordCount++;
    }

    private void WriteHeader(Span<byte> batch)
    {
        short attributes = (short)_options.Compression;
        attributes |= _options.TimestampType == TimestampType.LogAppendTime ? RecordBatchLayout.LogAppendTimeBit : (short)0;
        attributes |= _options.IsTransactional ? RecordBatchLayout.TransactionalBit : (short)0;
        attributes |= _options.IsControl ? RecordBatchLayout.ControlBit : (short)0;
        RecordBatchStamp.Stamp(batch, _options.BaseOffset, _options.PartitionLeaderEpoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchLayout.BatchLengthPosition..],
            batch.Length - RecordBatchLayout.LogOverheadBytes);
        batch[RecordBatchLayout.MagicPosition] = (byte)RecordBatchLayout.Magic;
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchLayout.AttributesPosition..], attributes);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchLayout.LastOffsetDeltaPosition..], RecordCount - 1);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchLayout.BaseTimestampPosition..], _baseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchLayout.MaxTimestampPosition..], _maxTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchLayout.ProducerIdPosition..], _producerId);
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchLayout.ProducerEpochPosition..], _producerEpoch);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchLayout.BaseSequencePosition..], _baseSequence);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchLayout.RecordCountPosition..], RecordCount);
        RecordBatchStamp.WriteCrc(batch);
    }
}
