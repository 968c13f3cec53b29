using System.Buffers.Binary;
using System.Text;

namespace LogQueue.Wire;

/// <summary>
/// Reads Kafka's wire types from one contiguous frame. Every length is checked against what is left before anything is allocated.
/// Byte and record fields are slices of the frame. Not thread-safe.
/// </summary>
public ref struct WireReader
{
    /// <summary>Most tagged fields one section may hold: more is an attack, no message declares ten.</summary>
    private const int MostTaggedFields = 64;

    /// <summary>Header, length, terminator and rounding of a string.</summary>
    private const int StringBytes = 32;

    /// <summary>Header, length and rounding of an array.</summary>
    private const int ArrayBytes = 32;

    // Throws on malformed UTF-8: a name that is not text must not be mistaken for another.
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ReadOnlyMemory<byte> _frame;
    private readonly ReadOnlySpan<byte> _span;
    private int _position;
    private long _allowanceBytes;

    /// <summary>Starts at the first byte of <paramref name="frame"/>.</summary>
    /// <param name="frame">What to read; fields may be slices of it.</param>
    /// <param name="allowanceBytes">
    /// Most memory that what is read may take, in bytes: a small frame can ask for many small objects. No bound unless given.
    /// </param>
    public WireReader(ReadOnlyMemory<byte> frame, long allowanceBytes = long.MaxValue)
    {
        _frame = frame;
        _span = frame.Span;
        _position = 0;
        _allowanceBytes = allowanceBytes;
    }

    /// <summary>Bytes read so far.</summary>
    public readonly int Position => _position;

    /// <summary>Bytes not read yet.</summary>
    public readonly int Remaining => _span.Length - _position;

    /// <summary>Reads one byte: 0 is false, everything else true.</summary>
    public bool ReadBoolean() => Take(1)[0] != 0;

    /// <summary>Reads a signed byte.</summary>
    public sbyte ReadInt8() => unchecked((sbyte)Take(1)[0]);

    /// <summary>Reads a big-endian 16-bit integer.</summary>
    public short ReadInt16() => BinaryPrimitives.ReadInt16BigEndian(Take(2));

    /// <summary>Reads a big-endian unsigned 16-bit integer.</summary>
    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    /// <summary>Reads a big-endian 32-bit integer.</summary>
    public int ReadInt32() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

    /// <summary>Reads a big-endian unsigned 32-bit integer.</summary>
    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    /// <summary>Reads a big-endian 64-bit integer.</summary>
    public long ReadInt64() => BinaryPrimitives.ReadInt64BigEndian(Take(8));

    /// <summary>Reads a big-endian IEEE 754 double.</summary>
    public double ReadFloat64() => BinaryPrimitives.ReadDoubleBigEndian(Take(8));

    /// <summary>Reads a 16-byte uuid, most significant byte first.</summary>
    public Guid ReadUuid() => new(Take(16), bigEndian: true);

    /// <summary>Reads an unsigned varint of at most 32 bits.</summary>
    public uint ReadUnsignedVarint()
    {
        if (!Varint.TryReadUnsigned32(_span[_position..], out uint value, out int bytesRead))
        {
            WireFormatException.ThrowAt(_position, "not a varint of at most 32 bits.");
        }

        _position += bytesRead;
        return value;
    }

    /// <summary>Reads a string that may not be null.</summary>
    public string ReadString(bool compact)
    {
        int start = _position;
        string? value = ReadNullableString(compact);
        if (value is null)
        {
            WireFormatException.ThrowAt(start, "a string that may not be null is null.");
        }

        return value;
    }

    /// <summary>Reads a string or null.</summary>
    public string? ReadNullableString(bool compact)
    {
        int start = _position;
        int length = compact ? ReadCompactLength() : ReadInt16();
        if (length < 0)
        {
            return length == -1 ? null : ThrowNegativeString(start, length);
        }

        if (length > short.MaxValue)
        {
            WireFormatException.ThrowAt(start, $"a string of {length} bytes; the longest is {short.MaxValue}.");
        }

        ReadOnlySpan<byte> bytes = Take(length);
        Charge(StringBytes + (2L * length));
        try
        {
            return Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new WireFormatException($"Byte {start}: a string that is not UTF-8.");
        }
    }

    /// <summary>Reads bytes that may not be null, as a slice of the frame.</summary>
    public ReadOnlyMemory<byte> ReadBytes(bool compact)
    {
        int start = _position;
        ReadOnlyMemory<byte>? value = ReadNullableBytes(compact);
        if (value is null)
        {
            WireFormatException.ThrowAt(start, "bytes that may not be null are null.");
        }

        return value.Value;
    }

    /// <summary>Reads bytes or null, as a slice of the frame.</summary>
    public ReadOnlyMemory<byte>? ReadNullableBytes(bool compact)
    {
        int start = _position;
        int length = compact ? ReadCompactLength() : ReadInt32();
        if (length < 0)
        {
            if (length != -1)
            {
                WireFormatException.ThrowAt(start, $"bytes of length {length}.");
            }

            return null;
        }

        int from = _position;
        Take(length);
        return _frame.Slice(from, length);
    }

    /// <summary>Reads a record set as a slice of the frame.</summary>
    public RecordSet ReadRecords(bool compact) => ReadNullableBytes(compact) is { } bytes ? new RecordSet(bytes) : RecordSet.Null;

    /// <summary>
    /// Reads an array's element count, or -1 for null. Checked against what is left, so that the caller may allocate that many.
    /// </summary>
    /// <param name="compact">True in flexible versions.</param>
    /// <param name="minElementBytes">Least size of an element on the wire, at least 1.</param>
    public int ReadArrayLength(bool compact, int minElementBytes)
    {
        int start = _position;
        int count = compact ? ReadCompactLength() : ReadInt32();
        if (count < -1)
        {
            WireFormatException.ThrowAt(start, $"an array of {count} elements.");
        }

        if ((long)count * Math.Max(1, minElementBytes) > Remaining)
        {
            WireFormatException.ThrowTruncated(start, (long)count * Math.Max(1, minElementBytes), Remaining);
        }

        return count;
    }

    /// <summary>Counts memory that the caller is about to allocate for what it reads.</summary>
    /// <exception cref="WireFormatException">It is more than the reader's allowance.</exception>
    public void Charge(long bytes)
    {
        _allowanceBytes -= bytes;
        if (_allowanceBytes < 0)
        {
            WireFormatException.ThrowAt(_position, "so many small fields that they would take far more memory than the message has bytes.");
        }
    }

    /// <summary>Counts the memory of an array, before it is allocated.</summary>
    /// <param name="count">Its elements.</param>
    /// <param name="elementBytes">Size of an element in the array, in memory.</param>
    /// <exception cref="WireFormatException">It is more than the reader's allowance.</exception>
    public void ChargeArray(int count, int elementBytes) => Charge(ArrayBytes + ((long)count * elementBytes));

    /// <summary>Reads how many tagged fields follow.</summary>
    public int ReadTaggedFieldCount()
    {
        int start = _position;
        uint count = ReadUnsignedVarint();
        if (count > MostTaggedFields)
        {
            WireFormatException.ThrowAt(start, $"{count} tagged fields; at most {MostTaggedFields} are accepted.");
        }

        return (int)count;
    }

    /// <summary>Reads a tag and the size of its value, which is checked against what is left.</summary>
    public uint ReadTag(out int sizeBytes)
    {
        uint tag = ReadUnsignedVarint();
        int start = _position;
        uint size = ReadUnsignedVarint();
        if (size > (uint)Remaining)
        {
            WireFormatException.ThrowTruncated(start, size, Remaining);
        }

        sizeBytes = (int)size;
        return tag;
    }

    /// <summary>Skips <paramref name="count"/> bytes.</summary>
    public void Skip(int count) => Take(count);

    /// <summary>Skips a whole section of tagged fields.</summary>
    public void SkipTaggedFields()
    {
        for (int left = ReadTaggedFieldCount(); left > 0; left--)
        {
            ReadTag(out int sizeBytes);
            Take(sizeBytes);
        }
    }

    /// <summary>Checks that a tagged value used exactly the bytes it announced.</summary>
    /// <param name="start">Position where the value began.</param>
    /// <param name="sizeBytes">Its announced size.</param>
    public readonly void EndTag(int start, int sizeBytes)
    {
        if (_position - start != sizeBytes)
        {
            WireFormatException.ThrowAt(start, $"a tagged field announced {sizeBytes} bytes and has {_position - start}.");
        }
    }

    private static string ThrowNegativeString(int start, int length) =>
        throw new WireFormatException($"Byte {start}: a string of length {length}.");

    private int ReadCompactLength()
    {
        int start = _position;
        uint raw = ReadUnsignedVarint();
        if (raw > int.MaxValue)
        {
            WireFormatException.ThrowAt(start, $"a length of {raw - 1L}.");
        }

        return (int)raw - 1;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if ((uint)count > (uint)Remaining)
        {
            WireFormatException.ThrowTruncated(_position, count, Remaining);
        }

        ReadOnlySpan<byte> taken = _span.Slice(_position, count);
        _position += count;
        return taken;
    }
}
