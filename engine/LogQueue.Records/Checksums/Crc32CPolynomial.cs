namespace LogQueue.Records.Checksums;

/// <summary>Arithmetic modulo the Castagnoli polynomial in the bit-reflected form (bit 31 is x^0). Pure; thread-safe.</summary>
internal static class Crc32CPolynomial
{
    public const uint Reflected = 0x82F6_3B78;

    /// <summary>x^<paramref name="exponent"/> modulo the polynomial.</summary>
    public static uint PowerOfX(int exponent)
    {
        uint value = 0x8000_0000;
        for (int i = 0; i < exponent; i++)
        {
            value = (value >> 1) ^ ((value & 1) * Reflected);
        }

        return value;
    }
}
