using System.Runtime.Intrinsics.X86;

namespace LogQueue.Records.Checksums;

/// <summary>
/// The checksum of two byte ranges side by side from the checksums of each: the first times x^(8 n), n the length of the second, plus the
/// second. Factors are kept divided by x^33, because the processor's way to multiply gives that much more. Pure; thread-safe.
/// </summary>
internal static class Crc32CJoin
{
    private const int Surplus = 33;

    // The power x^(2^k), divided by x^33.
    private static readonly uint[] Powers = CreatePowers();

    public static uint Join(uint first, uint second, long secondBytes)
    {
        if (secondBytes == 0 || first == 0)
        {
            return first ^ second;
        }

        uint factor = 0;
        ulong bits = (ulong)secondBytes * 8;
        for (int k = 0; bits != 0; k++, bits >>= 1)
        {
            if ((bits & 1) != 0)
            {
                factor = factor == 0 ? Powers[k] : Multiply(factor, Powers[k]);
            }
        }

        return Multiply(first, factor) ^ second;
    }

    /// <summary>a * b * x^33 modulo the polynomial.</summary>
    internal static uint Multiply(uint a, uint b) => Pclmulqdq.IsSupported && Sse42.X64.IsSupported
        ? (uint)Crc32CInterleaved.Shift(a, b) : MultiplyBits(a, b);

    /// <summary>The same, bit by bit, on any processor.</summary>
    internal static uint MultiplyBits(uint a, uint b)
    {
        uint product = 0;
        for (uint bit = 0x8000_0000; bit != 0; bit >>= 1)
        {
            product ^= (a & bit) != 0 ? b : 0;
            b = Crc32CPolynomial.TimesX(b);
        }

        for (int i = 0; i < Surplus; i++)
        {
            product = Crc32CPolynomial.TimesX(product);
        }

        return product;
    }

    private static uint[] CreatePowers()
    {
        uint power = 0x8000_0000;
        for (int i = 0; i < Surplus - 1; i++)
        {
            power = Crc32CPolynomial.DividedByX(power);
        }

        uint[] powers = new uint[64];
        for (int k = 0; k < powers.Length; k++)
        {
            powers[k] = power;
            power = MultiplyBits(power, power);
        }

        return powers;
    }
}
