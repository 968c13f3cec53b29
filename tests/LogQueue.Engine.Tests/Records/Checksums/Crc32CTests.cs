using LogQueue.Records.Checksums;

namespace LogQueue.Engine.Tests.Records.Checksums;

public sealed class Crc32CTests
{
    private const int MostBytes = 4096;

    /// <summary>RFC 3720, B.4.</summary>
    [Theory]
    [InlineData("313233343536373839", 0xE3069283u)]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", 0x8A9136AAu)]
    [InlineData("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", 0x62A8AB43u)]
    [InlineData("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", 0x46DD794Eu)]
    public void Known_answers(string hex, uint expected) => Assert.Equal(expected, Crc32C.Compute(Convert.FromHexString(hex)));

    [Fact]
    public void Every_implementation_agrees_at_every_length()
    {
        byte[] bytes = RandomBytes(MostBytes + 64);
        for (int length = 0; length <= MostBytes; length++)
        {
            AssertAllAgree(bytes.AsSpan(length % 64, length));
        }
    }

    [Fact]
    public void Every_implementation_agrees_at_every_alignment()
    {
        byte[] bytes = RandomBytes(MostBytes + 128);
        for (int alignment = 0; alignment < 64; alignment++)
        {
            foreach (int length in (int[])[1, 7, 8, 15, 16, 255, 256, 257, 383, 384, 1023, 3071, 3072, 3073, 4095, 4096])
            {
                AssertAllAgree(bytes.AsSpan(alignment, length));
            }
        }
    }

    [Fact]
    public void Appending_parts_is_the_checksum_of_the_whole()
    {
        byte[] bytes = RandomBytes(10_000);
        uint whole = Crc32C.Compute(bytes);
        foreach (int cut in (int[])[0, 1, 100, 256, 5000, 9999, 10_000])
        {
            Assert.Equal(whole, Crc32C.Append(Crc32C.Compute(bytes.AsSpan(0, cut)), bytes.AsSpan(cut)));
        }
    }

    [Fact]
    public void Joined_checksums_are_the_checksum_of_the_whole()
    {
        byte[] bytes = RandomBytes(10_000);
        uint whole = Crc32C.Compute(bytes);
        foreach (int cut in (int[])[0, 1, 2, 3, 100, 256, 5000, 8191, 9999, 10_000])
        {
            uint joined = Crc32C.Join(Crc32C.Compute(bytes.AsSpan(0, cut)), Crc32C.Compute(bytes.AsSpan(cut)), bytes.Length - cut);
            Assert.Equal(whole, joined);
        }

        Assert.Throws<ArgumentOutOfRangeException>(static () => Crc32C.Join(1, 2, -1));
    }

    [Fact]
    public void Ranges_with_nothing_in_them_join_as_any_other()
    {
        byte[] zero = [0xFF, 0xFF, 0xFF, 0xFF];
        byte[] bytes = RandomBytes(1000);
        Assert.Equal(Crc32C.Append(Crc32C.Compute(zero), bytes), Crc32C.Join(Crc32C.Compute(zero), Crc32C.Compute(bytes), bytes.Length));
        Assert.Equal(Crc32C.Compute(bytes), Crc32C.Join(Crc32C.Compute([]), Crc32C.Compute(bytes), bytes.Length));
    }

    [Fact]
    public void Factors_are_multiplied_alike_by_the_processor_and_bit_by_bit()
    {
        var random = new Random(7);
        for (int i = 0; i < 1000; i++)
        {
            (uint a, uint b) = ((uint)random.NextInt64(), (uint)random.NextInt64());
            Assert.Equal(Crc32CJoin.MultiplyBits(a, b), Crc32CJoin.Multiply(a, b));
        }
    }

    private static byte[] RandomBytes(int count)
    {
        var bytes = new byte[count];
        new Random(42).NextBytes(bytes);
        return bytes;
    }

    private static void AssertAllAgree(ReadOnlySpan<byte> bytes)
    {
        const uint State = 0xDEADBEEF;
        uint expected = Crc32CTable.Update(State, bytes);
        Assert.Equal(expected, Crc32CInterleaved.Update(State, bytes));
        Assert.Equal(~expected, Crc32C.Append(~State, bytes));
        if (Crc32CVector.IsSupported && bytes.Length >= 128)
        {
            Assert.Equal(expected, Crc32CVector.Update(State, bytes));
        }
    }
}
