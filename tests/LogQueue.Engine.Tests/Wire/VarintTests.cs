using CsCheck;
using LogQueue.Wire;

namespace LogQueue.Engine.Tests.Wire;

public sealed class VarintTests
{
    [Fact]
    public void Unsigned_values_come_back_and_take_the_announced_bytes() => Gen.UInt.Sample(static value =>
    {
        Span<byte> buffer = stackalloc byte[Varint.MaxBytes32];
        int written = Varint.WriteUnsigned32(buffer, value);
        Assert.Equal(Varint.SizeOfUnsigned32(value), written);
        Assert.True(Varint.TryReadUnsigned32(buffer, out uint read, out int bytesRead));
        Assert.Equal((value, written), (read, bytesRead));
        Assert.False(Varint.TryReadUnsigned32(buffer[..(written - 1)], out _, out _));
    });

    [Fact]
    public void ZigZag32_values_come_back_and_take_the_announced_bytes() => Gen.Int.Sample(static value =>
    {
        Span<byte> buffer = stackalloc byte[Varint.MaxBytes32];
        int written = Varint.WriteZigZag32(buffer, value);
        Assert.Equal(Varint.SizeOfZigZag32(value), written);
        Assert.True(Varint.TryReadZigZag32(buffer, out int read, out int bytesRead));
        Assert.Equal((value, written), (read, bytesRead));
    });

    [Fact]
    public void ZigZag64_values_come_back_and_take_the_announced_bytes() => Gen.Long.Sample(static value =>
    {
        Span<byte> buffer = stackalloc byte[Varint.MaxBytes64];
        int written = Varint.WriteZigZag64(buffer, value);
        Assert.Equal(Varint.SizeOfZigZag64(value), written);
        Assert.True(Varint.TryReadZigZag64(buffer, out long read, out int bytesRead));
        Assert.Equal((value, written), (read, bytesRead));
        Assert.False(Varint.TryReadZigZag64(buffer[..(written - 1)], out _, out _));
    });

    [Theory]
    [InlineData(0, "00")]
    [InlineData(-1, "01")]
    [InlineData(1, "02")]
    [InlineData(63, "7E")]
    [InlineData(-64, "7F")]
    [InlineData(64, "8001")]
    [InlineData(int.MaxValue, "FEFFFFFF0F")]
    [InlineData(int.MinValue, "FFFFFFFF0F")]
    public void ZigZag32_bytes_are_Kafkas(int value, string hex)
    {
        Span<byte> buffer = stackalloc byte[Varint.MaxBytes32];
        Assert.Equal(hex, Convert.ToHexString(buffer[..Varint.WriteZigZag32(buffer, value)]));
    }

    [Theory]
    [InlineData(long.MaxValue, "FEFFFFFFFFFFFFFFFF01")]
    [InlineData(long.MinValue, "FFFFFFFFFFFFFFFFFF01")]
    public void ZigZag64_bytes_are_Kafkas(long value, string hex)
    {
        Span<byte> buffer = stackalloc byte[Varint.MaxBytes64];
        Assert.Equal(hex, Convert.ToHexString(buffer[..Varint.WriteZigZag64(buffer, value)]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("80")]
    [InlineData("FFFFFFFF")]
    [InlineData("FFFFFFFF10")]
    [InlineData("808080808000")]
    public void Bytes_that_are_no_32_bit_varint_are_refused(string hex)
    {
        Assert.False(Varint.TryReadUnsigned32(Convert.FromHexString(hex), out uint value, out int bytesRead));
        Assert.Equal((0u, 0), (value, bytesRead));
    }

    [Theory]
    [InlineData("FFFFFFFFFFFFFFFFFF02")]
    [InlineData("8080808080808080808000")]
    public void Bytes_that_are_no_64_bit_varint_are_refused(string hex) =>
        Assert.False(Varint.TryReadUnsigned64(Convert.FromHexString(hex), out _, out _));
}
