using CsCheck;
using LogQueue.Wire.Memory;

namespace LogQueue.Engine.Tests.Wire.Memory;

public sealed class PooledBufferWriterTests
{
    [Fact]
    public void It_holds_what_was_written_however_it_grew() => Gen.Byte.Array[0, 600].Array[0, 20].Sample(static parts =>
    {
        using var writer = new PooledBufferWriter(initialBytes: 1);
        foreach (byte[] part in parts)
        {
            writer.Write(part);
        }

        Assert.Equal(parts.SelectMany(static p => p), writer.WrittenSpan.ToArray());
    });

    [Fact]
    public void The_limit_holds_and_leaves_what_was_written()
    {
        using var writer = new PooledBufferWriter(initialBytes: 4, maxBytes: 10);
        writer.Write([1, 2, 3, 4, 5, 6, 7, 8]);
        BufferLimitException error = Assert.Throws<BufferLimitException>(() => writer.Write([9, 10, 11]));
        Assert.Equal((11L, 10), (error.WantedBytes, error.MaxBytes));
        Assert.Equal(8, writer.WrittenCount);
        writer.Write([9, 10]);
        Assert.Equal(10, writer.WrittenCount);
        Assert.Throws<BufferLimitException>(() => writer.GetSpan(1));
    }

    [Fact]
    public void Reset_and_truncate_forget()
    {
        using var writer = new PooledBufferWriter();
        writer.Write([1, 2, 3]);
        writer.TruncateTo(1);
        Assert.Equal([1], writer.WrittenSpan.ToArray());
        Assert.Throws<ArgumentOutOfRangeException>(() => writer.TruncateTo(2));
        writer.Reset();
        Assert.Equal(0, writer.WrittenCount);
    }
}
