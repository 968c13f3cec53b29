using System.Buffers.Binary;

namespace LogQueue.Records.Checksums;

/// <summary>CRC-32C by eight tables, eight bytes a step: for processors without a CRC instruction. Thread-safe.</summary>
internal static class Crc32CTable
{
    private static readonly uint[][] Tables = Create();

    public static uint Update(uint state, ReadOnlySpan<byte> bytes)
    {
        uint[][] t = Tables;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            uint low = BinaryPrimitives.ReadUInt32LittleEndian(bytes) ^ state;
            uint high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            state = t[7][low & 0xFF] ^ t[6][(low >> 8) & 0xFF] ^ t[5][(low >> 16) & 0xFF] ^ t[4][low >> 24]
                ^ t[3][high & 0xFF] ^ t[2][(high >> 8) & 0xFF] ^ t[1][(high >> 16) & 0xFF] ^ t[0][high >> 24];
        }

        foreach (byte b in bytes)
        {
            state = (state >> 8) ^ t[0][(state ^ b) & 0xFF];
        }

        return state;
    }

    private static uint[][] Create()
    {
        uint[][] tables = [.. Enumerable.Range(0, 8).Select(static _ => new uint[256])];
        for (uint i = 0; i < 256; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++)
            {
                value = (value >> 1) ^ ((value & 1) * Crc32CPolynomial.Reflected);
            }

            tables[0][i] = value;
        }

        for (int i = 0; i < 256; i++)
        {
            for (int table = 1; table < 8; table++)
            {
                uint previous = tables[table - 1][i];
                tables[table][i] = (previous >> 8) ^ tables[0][previous & 0xFF];
            }
        }

        return tables;
    }
}
