namespace LogQueue.Wire;

/// <summary>
/// Variable-length integers, seven bits a byte, least significant first. Record fields are zig-zag coded (small negative numbers
/// stay short), flexible message fields are unsigned. Pure functions; thread-safe.
/// </summary>
public static class Varint
{
    /// <summary>Most bytes a 32-bit value takes.</summary>
    public const int MaxBytes32 = 5;

    /// <summary>Most bytes a 64-bit value takes.</summary>
    public const int MaxBytes64 = 10;

    /// <summary>Encoded size of <paramref name="value"/> in bytes.</summary>
    public static int SizeOfUnsigned32(uint value) => (System.Numerics.BitOperations.Log2(value | 1) / 7) + 1;

    /// <inheritdoc cref="SizeOfUnsigned32"/>
    public static int SizeOfUnsigned64(ulong value) => (System.Numerics.BitOperations.Log2(value | 1) / 7) + 1;

    /// <inheritdoc cref="SizeOfUnsigned32"/>
    public static int SizeOfZigZag32(int value) => SizeOfUnsigned32(ZigZag(value));

    /// <inheritdoc cref="SizeOfUnsigned32"/>
    public static int SizeOfZigZag64(long value) => SizeOfUnsigned64(ZigZag(value));

    /// <summary>Writes <paramref name="value"/> and returns the bytes used.</summary>
    /// <exception cref="IndexOutOfRangeException"><paramref name="destination"/> is too short.</exception>
    public static int WriteUnsigned32(Span<byte> destination, uint value)
    {
        int i = 0;
        while (value >= 0x80)
        {
            destination[i++] = unchecked((byte)(value | 0x80));
            value >>= 7;
        }

        destination[i++] = (byte)value;
        return i;
    }

    /// <inheritdoc cref="WriteUnsigned32"/>
    public static int WriteUnsigned64(Span<byte> destination, ulong value)
    {
        int i = 0;
        while (value >= 0x80)
        {
            destination[i++] = unchecked((byte)(value | 0x80));
            value >>= 7;
        }

        destination[i++] = (byte)value;
        return i;
    }

    /// <inheritdoc cref="WriteUnsigned32"/>
    public static int WriteZigZag32(Span<byte> destination, int value) => WriteUnsigned32(destination, ZigZag(value));

    /// <inheritdoc cref="WriteUnsigned32"/>
    public static int WriteZigZag64(Span<byte> destination, long value) => WriteUnsigned64(destination, ZigZag(value));

    /// <summary>Reads a value; false when the bytes end too early or the value does not fit.</summary>
    public static bool TryReadUnsigned32(ReadOnlySpan<byte> source, out uint value, out int bytesRead)
    {
        uint result = 0;
        for (int i = 0; i < MaxBytes32 && i < source.Length; i++)
        {
            byte b = source[i];
            if (i == MaxBytes32 - 1 && b > 0x0F)
            {
                break;
            }

            result |= (uint)(b & 0x7F) << (7 * i);
            if (b < 0x80)
            {
                value = result;
                bytesRead = i + 1;
                return true;
            }
        }

        value = 0;
        bytesRead = 0;
        return false;
    }

    /// <inheritdoc cref="TryReadUnsigned32"/>
    public static bool TryReadUnsigned64(ReadOnlySpan<byte> source, out ulong value, out int bytesRead)
    {
        ulong result = 0;
        for (int i = 0; i < MaxBytes64 && i < source.Length; i++)
        {
            byte b = source[i];
            if (i == MaxBytes64 - 1 && b > 0x01)
            {
                break;
            }

            result |= (ulong)(b & 0x7F) << (7 * i);
            if (b < 0x80)
            {
                value = result;
                bytesRead = i + 1;
                return true;
            }
        }

        value = 0;
        bytesRead = 0;
        return false;
    }

    /// <inheritdoc cref="TryReadUnsigned32"/>
    public static bool TryReadZigZag32(ReadOnlySpan<byte> source, out int value, out int bytesRead)
    {
        bool read = TryReadUnsigned32(source, out uint raw, out bytesRead);
        value = unchecked((int)(raw >> 1) ^ -(int)(raw & 1));
        return read;
    }

    /// <inheritdoc cref="TryReadUnsigned32"/>
    public static bool TryReadZigZag64(ReadOnlySpan<byte> source, out long value, out int bytesRead)
    {
        bool read = TryReadUnsigned64(source, out ulong raw, out bytesRead);
        value = unchecked((long)(raw >> 1) ^ -(long)(raw & 1));
        return read;
    }

    private static uint ZigZag(int value) => unchecked((uint)((value << 1) ^ (value >> 31)));

    private static ulong ZigZag(long value) => unchecked((ulong)((value << 1) ^ (value >> 63)));
}
