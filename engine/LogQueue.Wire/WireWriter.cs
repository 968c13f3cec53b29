using System.Buffers.Binary;
using System.Text;
using LogQueue.Wire.Memory;

namespace LogQueue.Wire;

/// <summary>
/// Writes Kafka's wire types to a pooled output. Record sets that lie in files are not copied: where a list for them is given they
/// become splices, and the frame's size counts them. Not thread-safe.
/// </summary>
public ref struct WireWriter
{
    private readonly PooledBufferWriter _output;
    private readonly List<RecordSplice>? _splices;

    /// <summary>Appends to <paramref name="output"/>.</summary>
    /// <param name="output">Where bytes go; the caller owns it.</param>
    /// <param name="splices">Where file slices go; null copies their bytes into the output.</param>
    public WireWriter(PooledBufferWriter output, List<RecordSplice>? splices = null)
    {
        _output = output;
        _splices = splices;
    }

    /// <summary>Bytes in the output so far (without splices).</summary>
    public readonly int Position => _output.WrittenCount;

    /// <summary>Writes one byte, 0 or 1.</summary>
    public readonly void WriteBoolean(bool value) => WriteInt8(value ? (sbyte)1 : (sbyte)0);

    /// <summary>Writes a signed byte.</summary>
    public readonly void WriteInt8(sbyte value)
    {
        _output.GetSpan(1)[0] = unchecked((byte)value);
        _output.Advance(1);
    }

    /// <summary>Writes a big-endian 16-bit integer.</summary>
    public readonly void WriteInt16(short value)
    {
        BinaryPrimitives.WriteInt16BigEndian(_output.GetSpan(2), value);
        _output.Advance(2);
    }

    /// <summary>Writes a big-endian unsigned 16-bit integer.</summary>
    public readonly void WriteUInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_output.GetSpan(2), value);
        _output.Advance(2);
    }

    /// <summary>Writes a big-endian 32-bit integer.</summary>
    public readonly void WriteInt32(int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(_output.GetSpan(4), value);
        _output.Advance(4);
    }

    /// <summary>Writes a big-endian unsigned 32-bit integer.</summary>
    public readonly void WriteUInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_output.GetSpan(4), value);
        _output.Advance(4);
    }

    /// <summary>Writes a big-endian 64-bit integer.</summary>
    public readonly void WriteInt64(long value)
    {
        BinaryPrimitives.WriteInt64BigEndian(_output.GetSpan(8), value);
        _output.Advance(8);
    }

    /// <summary>Writes a big-endian IEEE 754 double.</summary>
    public readonly void WriteFloat64(double value)
    {
        BinaryPrimitives.WriteDoubleBigEndian(_output.GetSpan(8), value);
        _output.Advance(8);
    }

    /// <summary>Writes a 16-byte uuid, most significant byte first.</summary>
    public readonly void WriteUuid(Guid value)
    {
        value.TryWriteBytes(_output.GetSpan(16), bigEndian: true, out _);
        _output.Advance(16);
    }

    /// <summary>Writes an unsigned varint.</summary>
    public readonly void WriteUnsignedVarint(uint value) =>
        _output.Advance(Varint.WriteUnsigned32(_output.GetSpan(Varint.MaxBytes32), value));

    /// <summary>Writes a string or null.</summary>
    /// <exception cref="WireFormatException">Longer than 32,767 bytes of UTF-8.</exception>
    public readonly void WriteString(string? value, bool compact)
    {
        if (value is null)
        {
            WriteLength(-1, compact, shortForm: true);
            return;
        }

        int length = Encoding.UTF8.GetByteCount(value);
        if (length > short.MaxValue)
        {
            throw new WireFormatException($"A string of {length} bytes; the longest that the wire carries is {short.MaxValue}.");
        }

        WriteLength(length, compact, shortForm: true);
        _output.Advance(Encoding.UTF8.GetBytes(value, _output.GetSpan(length)));
    }

    /// <summary>Writes bytes with their length.</summary>
    public readonly void WriteBytes(ReadOnlySpan<byte> value, bool compact)
    {
        WriteLength(value.Length, compact, shortForm: false);
        _output.Write(value);
    }

    /// <summary>Writes bytes with their length, or null.</summary>
    public readonly void WriteNullableBytes(ReadOnlyMemory<byte>? value, bool compact)
    {
        if (value is { } bytes)
        {
            WriteBytes(bytes.Span, compact);
        }
        else
        {
            WriteLength(-1, compact, shortForm: false);
        }
    }

    /// <summary>Writes a record set: its length, then its bytes or a splice.</summary>
    public readonly void WriteRecords(RecordSet value, bool compact)
    {
        WriteLength(value.IsNull ? -1 : value.LengthBytes, compact, shortForm: false);
        RecordSlice slice = value.Slice;
        if (slice.IsEmpty)
        {
            _output.Write(value.Memory.Span);
        }
        else if (_splices is not null)
        {
            _splices.Add(new RecordSplice(_output.WrittenCount, slice));
        }
        else
        {
            slice.CopyTo(_output.GetSpan(slice.LengthBytes)[..slice.LengthBytes]);
            _output.Advance(slice.LengthBytes);
        }
    }

    /// <summary>Writes an array's element count, -1 for null.</summary>
    public readonly void WriteArrayLength(int count, bool compact) => WriteLength(count, compact, shortForm: false);

    /// <summary>Writes how many tagged fields follow.</summary>
    public readonly void WriteTaggedFieldCount(int count) => WriteUnsignedVarint((uint)count);

    /// <summary>Writes a tag and keeps one byte for the size of the value that follows.</summary>
    /// <returns>Position where the value begins, for <see cref="EndTaggedField"/>.</returns>
    public readonly int BeginTaggedField(uint tag)
    {
        WriteUnsignedVarint(tag);
        WriteInt8(0);
        return Position;
    }

    /// <summary>Puts the size before a tagged value; one of 128 bytes or more moves up to make room for its longer size.</summary>
    public readonly void EndTaggedField(int start)
    {
        int length = Position - start;
        int sizeBytes = Varint.SizeOfUnsigned32((uint)length);
        if (sizeBytes > 1)
        {
            _output.GetSpan(sizeBytes - 1);
            _output.Advance(sizeBytes - 1);
            Span<byte> written = _output.WrittenSpanMutable;
            written.Slice(start, length).CopyTo(written[(start + sizeBytes - 1)..]);
        }

        Varint.WriteUnsigned32(_output.WrittenSpanMutable[(start - 1)..], (uint)length);
    }

    /// <summary>Writes bytes as they are.</summary>
    public readonly void WriteRaw(ReadOnlySpan<byte> bytes) => _output.Write(bytes);

    private readonly void WriteLength(int length, bool compact, bool shortForm)
    {
        if (compact)
        {
            WriteUnsignedVarint((uint)(length + 1));
        }
        else if (shortForm)
        {
            WriteInt16((short)length);
        }
        else
        {
            WriteInt32(length);
        }
    }
}
