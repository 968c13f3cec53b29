using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.Engine.Tests.Wire;

public sealed class WireWriterTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(16_383)]
    [InlineData(16_384)]
    [InlineData(300_000)]
    public void A_tagged_value_is_preceded_by_its_size(int sizeBytes)
    {
        byte[] value = new byte[sizeBytes];
        new Random(sizeBytes).NextBytes(value);
        using var output = new PooledBufferWriter(16);
        var writer = new WireWriter(output);
        writer.WriteInt32(-1);
        int start = writer.BeginTaggedField(3);
        writer.WriteRaw(value);
        writer.EndTaggedField(start);
        writer.WriteInt32(-2);

        var reader = new WireReader(output.WrittenMemory);
        Assert.Equal(-1, reader.ReadInt32());
        Assert.Equal(3u, reader.ReadTag(out int announced));
        Assert.Equal(sizeBytes, announced);
        Assert.Equal(value, output.WrittenSpan.Slice(reader.Position, sizeBytes).ToArray());
        reader.Skip(sizeBytes);
        Assert.Equal(-2, reader.ReadInt32());
    }

    [Fact]
    public void A_string_longer_than_the_wire_carries_is_refused()
    {
        using var output = new PooledBufferWriter();
        var longest = new WireWriter(output);
        longest.WriteString(new string('a', short.MaxValue), compact: false);
        Assert.Throws<WireFormatException>(() =>
        {
            var writer = new WireWriter(output);
            writer.WriteString(new string('é', 16_384), compact: true);
        });
    }
}
