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
            value = TimesX(value);
        }

        return value;
    }

    /// <summary>The value times x.</summary>
    public static uint TimesX(uint value) => (value >> 1) ^ ((value & 1) * Reflected);

    /// <summary>The value which times x is this one.</summary>
    public static uint DividedByX(uint value) => (value << 1) ^ ((value >> 31) * ((Reflected << 1) | 1));
}
