namespace LogQueue.Records.Checksums;

/// <summary>
/// CRC-32C (Castagnoli, RFC 3720): the checksum of a record batch, and the broker's hottest loop. Three ways to compute it, chosen once by
/// what the processor has: carry-less multiplication over 256-bit vectors, the CRC instruction in three interleaved lanes, a table.
/// All give the same number. Pure functions; thread-safe.
/// </summary>
public static class Crc32C
{
    /// <summary>Checksum of <paramref name="bytes"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> bytes) => Append(0, bytes);

    /// <summary>Checksum of what gave <paramref name="crc"/> followed by <paramref name="bytes"/>.</summary>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= Crc32CVector.LeastBytes && Crc32CVector.IsSupported)
        {
            return ~Crc32CVector.Update(~crc, bytes);
        }

        return ~(Crc32CInterleaved.IsSupported ? Crc32CInterleaved.Update(~crc, bytes) : Crc32CTable.Update(~crc, bytes));
    }

    /// <summary>
    /// Checksum of two ranges side by side, from the checksums of both; costs no look at the bytes, about 50 ns.
    /// </summary>
    /// <param name="first">Checksum of the first range.</param>
    /// <param name="second">Checksum of the second range.</param>
    /// <param name="secondBytes">Length of the second range, in bytes; 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">The length is negative.</exception>
    public static uint Join(uint first, uint second, long secondBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(secondBytes);
        return Crc32CJoin.Join(first, second, secondBytes);
    }
}
