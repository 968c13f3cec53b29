using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LogQueue.Records.Checksums;

/// <summary>
/// CRC-32C by the processor's instruction. It takes three cycles but starts one a cycle, so three lanes run side by side and are joined
/// by multiplying with a power of x. Thread-safe.
/// </summary>
internal static class Crc32CInterleaved
{
    private const int LaneBytes = 1024;

    // A product of two reflected values followed by the CRC instruction multiplies by x^33 more than wanted: hence the -33.
    private static readonly ulong ShiftOneLane = Crc32CPolynomial.PowerOfX((LaneBytes * 8) - 33);
    private static readonly ulong ShiftTwoLanes = Crc32CPolynomial.PowerOfX((2 * LaneBytes * 8) - 33);

    public static bool IsSupported => Sse42.X64.IsSupported || System.Runtime.Intrinsics.Arm.Crc32.Arm64.IsSupported;

    // Optimized from the first call, as the vector form is.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static uint Update(uint state, ReadOnlySpan<byte> bytes)
    {
        if (Pclmulqdq.IsSupported && Sse42.X64.IsSupported)
        {
            while (bytes.Length >= 3 * LaneBytes)
            {
                state = ThreeLanes(state, bytes[..LaneBytes], bytes.Slice(LaneBytes, LaneBytes), bytes.Slice(2 * LaneBytes, LaneBytes));
                bytes = bytes[(3 * LaneBytes)..];
            }
        }

        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            state = BitOperations.Crc32C(state, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (byte b in bytes)
        {
            state = BitOperations.Crc32C(state, b);
        }

        return state;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static uint ThreeLanes(uint state, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third)
    {
        ulong a = state;
        ulong b = 0;
        ulong c = 0;
        for (int i = 0; i < LaneBytes; i += 8)
        {
            a = Sse42.X64.Crc32(a, BinaryPrimitives.ReadUInt64LittleEndian(first[i..]));
            b = Sse42.X64.Crc32(b, BinaryPrimitives.ReadUInt64LittleEndian(second[i..]));
            c = Sse42.X64.Crc32(c, BinaryPrimitives.ReadUInt64LittleEndian(third[i..]));
        }

        return (uint)(Shift(a, ShiftTwoLanes) ^ Shift(b, ShiftOneLane) ^ c);
    }

    /// <summary>crc * power * x^33 modulo the polynomial; needs PCLMULQDQ and SSE 4.2.</summary>
    public static ulong Shift(ulong crc, ulong power)
    {
        ulong product = Pclmulqdq.CarrylessMultiply(Vector128.CreateScalar(crc), Vector128.CreateScalar(power), 0x00).ToScalar();
        return Sse42.X64.Crc32(0, product);
    }
}
