using System.Buffers;
using System.Text.Json.Serialization;
using LogQueue.Client.Serialization;

namespace LogQueue.Client.Tests.Client.Serialization;

public sealed partial class SerdesTests
{
    [Fact]
    public void Values_come_back()
    {
        Assert.Equal("žluť ☂", Round(Serdes.Utf8, "žluť ☂"));
        Assert.Equal("", Round(Serdes.Utf8, ""));
        Assert.Equal(-5, Round(Serdes.Int32, -5));
        Assert.Equal(long.MinValue, Round(Serdes.Int64, long.MinValue));
        Assert.Equal(double.NegativeInfinity, Round(Serdes.Double, double.NegativeInfinity));
        Assert.Equal([1, 2, 3], Round(Serdes.Bytes, [1, 2, 3]));
        Assert.Equal(new Reading("a", 2.5), Round(Serdes.Json(ReadingContext.Default.Reading), new Reading("a", 2.5)));
    }

    [Fact]
    public void Wrong_bytes_are_refused()
    {
        Assert.Throws<FormatException>(() => Serdes.Int32.Deserialize(new byte[3]));
        Assert.Throws<FormatException>(() => Serdes.Json(ReadingContext.Default.Reading).Deserialize("{"u8));
        Assert.Throws<FormatException>(() => Serdes.Json(ReadingContext.Default.Reading).Deserialize("null"u8));
    }

    private static T Round<T>(ISerde<T> serde, T value)
    {
        var output = new ArrayBufferWriter<byte>();
        serde.Serialize(value, output);
        return serde.Deserialize(output.WrittenSpan);
    }

    internal sealed record Reading(string Sensor, double Value);

    [JsonSerializable(typeof(Reading))]
    internal sealed partial class ReadingContext : JsonSerializerContext;
}
