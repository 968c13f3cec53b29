using LogQueue.Wire.Memory;

namespace LogQueue.Engine.Tests.Wire.Memory;

public sealed class PooledBufferTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public void It_is_exactly_as_long_as_asked(int length)
    {
        using PooledBuffer buffer = PooledBuffer.Rent(length);
        Assert.Equal((length, length, length), (buffer.Length, buffer.Span.Length, buffer.Memory.Length));
    }

    [Fact]
    public void A_second_dispose_gives_nothing_back_twice()
    {
        PooledBuffer first = PooledBuffer.Rent(777_777);
        first.Dispose();
        first.Dispose();
        using PooledBuffer a = PooledBuffer.Rent(777_777);
        using PooledBuffer b = PooledBuffer.Rent(777_777);
        Assert.False(a.Span.Overlaps(b.Span), "two owners of one array");
    }

    [Fact]
    public void After_dispose_there_is_no_way_to_the_bytes()
    {
        PooledBuffer buffer = PooledBuffer.Rent(10);
        buffer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => buffer.Memory);
        Assert.Throws<ObjectDisposedException>(() => buffer.Span.Length);
    }

    [Fact]
    public void A_negative_length_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => PooledBuffer.Rent(-1));
}
