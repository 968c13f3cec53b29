using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LogQueue.Records.Checksums;

/// <summary>
/// CRC-32C by folding: four 256-bit accumulators are carried forward 1,024 bits at a time with carry-less multiplications
/// (Gopal and others, "Fast CRC computation for generic polynomials using PCLMULQDQ", Intel 2009), then folded into one block whose
/// checksum is that of the whole. Needs VPCLMULQDQ. Thread-safe.
/// </summary>
internal static class Crc32CVector
{
    /// <summary>Below this the set-up costs more than it saves.</summary>
    public const int LeastBytes = 256;

    private const int StrideBytes = 128;
    private const int BlockBytes = 16;

    private static readonly Vector128<ulong> ByStride = Constants(StrideBytes * 8);
    private static readonly Vector128<ulong> ByBlock = Constants(BlockBytes * 8);

    public static bool IsSupported => Pclmulqdq.V256.IsSupported && Sse42.X64.IsSupported;

    // Optimized from the first call: a broker's first batches shall not wait for the tiers to warm up.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static uint Update(uint state, ReadOnlySpan<byte> bytes)
    {
        // Every load below is at an offset that the loop conditions keep inside the span.
        ref byte start = ref MemoryMarshal.GetReference(bytes);
        Vector256<ulong> k = Vector256.Create(ByStride, ByStride);
        Vector256<ulong> a = Load256(ref start, 0) ^ Vector256.CreateScalar((ulong)state);
        Vector256<ulong> b = Load256(ref start, 32);
        Vector256<ulong> c = Load256(ref start, 64);
        Vector256<ulong> d = Load256(ref start, 96);
        int position = StrideBytes;
        for (; position <= bytes.Length - StrideBytes; position += StrideBytes)
        {
            a = Fold256(a, k) ^ Load256(ref start, position);
            b = Fold256(b, k) ^ Load256(ref start, position + 32);
            c = Fold256(c, k) ^ Load256(ref start, position + 64);
            d = Fold256(d, k) ^ Load256(ref start, position + 96);
        }

        Vector128<ulong> block = ByBlock;
        Vector128<ulong> folded = Fold(a.GetLower(), block) ^ a.GetUpper();
        folded = Fold(folded, block) ^ b.GetLower();
        folded = Fold(folded, block) ^ b.GetUpper();
        folded = Fold(folded, block) ^ c.GetLower();
        folded = Fold(folded, block) ^ c.GetUpper();
        folded = Fold(folded, block) ^ d.GetLower();
        folded = Fold(folded, block) ^ d.GetUpper();
        for (; position <= bytes.Length - BlockBytes; position += BlockBytes)
        {
            folded = Fold(folded, block) ^ Load128(ref start, position);
        }

        ulong crc = Sse42.X64.Crc32(Sse42.X64.Crc32(0, folded.GetElement(0)), folded.GetElement(1));
        return Crc32CInterleaved.Update((uint)crc, bytes[position..]);
    }

    private static Vector128<ulong> Constants(int bits) =>
        Vector128.Create((ulong)Crc32CPolynomial.PowerOfX(bits + 32) << 1, (ulong)Crc32CPolynomial.PowerOfX(bits - 32) << 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Fold256(Vector256<ulong> x, Vector256<ulong> k) =>
        Pclmulqdq.V256.CarrylessMultiply(x, k, 0x00) ^ Pclmulqdq.V256.CarrylessMultiply(x, k, 0x11);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Fold(Vector128<ulong> x, Vector128<ulong> k) =>
        Pclmulqdq.CarrylessMultiply(x, k, 0x00) ^ Pclmulqdq.CarrylessMultiply(x, k, 0x11);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ulong> Load256(ref byte start, int position) => Vector256.LoadUnsafe(ref start, (nuint)position).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ulong> Load128(ref byte start, int position) => Vector128.LoadUnsafe(ref start, (nuint)position).AsUInt64();
}
