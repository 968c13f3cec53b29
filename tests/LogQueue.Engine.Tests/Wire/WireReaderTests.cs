using CsCheck;
using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.Engine.Tests.Wire;

/// <summary>The reader against the writer, and against lengths that lie.</summary>
public sealed class WireReaderTests
{
    private delegate void ReadAction(ref WireReader reader);

    [Fact]
    public void What_was_written_is_read() => Gen.Select(Gen.Int, Gen.Long, Gen.Short, Gen.Double, Gen.Guid, Gen.String, Gen.Byte.Array, Gen.Bool)
        .Where(static v => IsText(v.Item6)).Sample(static v =>
        {
            (int i, long l, short s, double d, Guid g, string text, byte[] bytes, bool compact) = v;
            using var output = new PooledBufferWriter();
            var writer = new WireWriter(output);
            writer.WriteInt32(i);
            writer.WriteInt64(l);
            writer.WriteInt16(s);
            writer.WriteUInt16(unchecked((ushort)s));
            writer.WriteUInt32(unchecked((uint)i));
            writer.WriteInt8(unchecked((sbyte)s));
            writer.WriteFloat64(d);
            writer.WriteUuid(g);
            writer.WriteBoolean(compact);
            writer.WriteString(text, compact);
            writer.WriteString(null, compact);
            writer.WriteBytes(bytes, compact);
            writer.WriteNullableBytes(null, compact);
            writer.WriteArrayLength(-1, compact);
            writer.WriteRecords(new RecordSet(bytes), compact);
            writer.WriteRecords(RecordSet.Null, compact);

            var reader = new WireReader(output.WrittenMemory);
            Assert.Equal(i, reader.ReadInt32());
            Assert.Equal(l, reader.ReadInt64());
            Assert.Equal(s, reader.ReadInt16());
            Assert.Equal(unchecked((ushort)s), reader.ReadUInt16());
            Assert.Equal(unchecked((uint)i), reader.ReadUInt32());
            Assert.Equal(unchecked((sbyte)s), reader.ReadInt8());
            Assert.Equal(BitConverter.DoubleToInt64Bits(d), BitConverter.DoubleToInt64Bits(reader.ReadFloat64()));
            Assert.Equal(g, reader.ReadUuid());
            Assert.Equal(compact, reader.ReadBoolean());
            Assert.Equal(text, reader.ReadString(compact));
            Assert.Null(reader.ReadNullableString(compact));
            Assert.Equal(bytes, reader.ReadBytes(compact).ToArray());
            Assert.Null(reader.ReadNullableBytes(compact));
            Assert.Equal(-1, reader.ReadArrayLength(compact, 4));
            Assert.Equal(bytes, reader.ReadRecords(compact).Memory.ToArray());
            Assert.True(reader.ReadRecords(compact).IsNull);
            Assert.Equal(0, reader.Remaining);
        });

    [Theory]
    [InlineData("7FFFFFFF00", false)] // 2,147,483,647 elements
    [InlineData("0000000200", false)] // two elements of at least one byte, one byte left
    [InlineData("FFFFFFFE", false)] // -2 elements
    [InlineData("80000000", false)]
    [InlineData("FFFFFFFF0F", true)]
    [InlineData("FFFFFFFF07", true)]
    [InlineData("0300", true)]
    public void An_array_longer_than_what_is_left_is_refused(string hex, bool compact) =>
        Refused(hex, (ref WireReader r) => r.ReadArrayLength(compact, 1));

    [Fact]
    public void An_array_is_measured_by_its_smallest_element()
    {
        byte[] frame = Convert.FromHexString("0000000300000000000000");
        var reader = new WireReader(frame);
        Assert.Equal(3, reader.ReadArrayLength(compact: false, 2));
        Refused("0000000300000000000000", (ref WireReader r) => r.ReadArrayLength(compact: false, 3));
    }

    [Theory]
    [InlineData("0003", false)] // three bytes announced, none left
    [InlineData("FFFE", false)] // length -2
    [InlineData("FFFF", false)] // null where a string has to be
    [InlineData("00", true)] // null
    [InlineData("04", true)]
    [InlineData("FFFFFFFF0F", true)]
    [InlineData("0002C328", false)] // not UTF-8
    [InlineData("", false)]
    [InlineData("", true)]
    public void A_string_that_is_none_is_refused(string hex, bool compact) => Refused(hex, (ref WireReader r) => r.ReadString(compact));

    [Theory]
    [InlineData("7FFFFFFF", false)]
    [InlineData("FFFFFFFE", false)]
    [InlineData("FFFFFFFF", false)]
    [InlineData("00", true)]
    [InlineData("FFFFFFFF07", true)]
    public void Bytes_that_are_none_are_refused(string hex, bool compact) => Refused(hex, (ref WireReader r) => r.ReadBytes(compact));

    [Theory]
    [InlineData("01")] // one field announced, nothing left
    [InlineData("010005FF")] // five bytes announced, one left
    [InlineData("FFFFFFFF0F")] // four billion fields
    [InlineData("41")] // 65 fields
    [InlineData("0100FFFFFFFF0F")]
    public void A_tag_section_that_lies_is_refused(string hex) => Refused(hex, (ref WireReader r) => r.SkipTaggedFields());

    [Fact]
    public void A_tagged_value_has_to_use_its_size() =>
        Refused("0002AABB", (ref WireReader r) =>
        {
            r.ReadTag(out int sizeBytes);
            int start = r.Position;
            r.ReadInt8();
            r.EndTag(start, sizeBytes);
        });

    [Fact]
    public void An_error_names_its_position()
    {
        WireFormatException error = Refused("00000001" + "0005", (ref WireReader r) =>
        {
            r.ReadInt32();
            r.ReadString(compact: false);
        });
        Assert.Contains("6", error.Message, StringComparison.Ordinal);
    }

    private static bool IsText(string text)
    {
        try
        {
            return new System.Text.UTF8Encoding(false, throwOnInvalidBytes: true).GetByteCount(text) <= short.MaxValue;
        }
        catch (System.Text.EncoderFallbackException)
        {
            return false;
        }
    }

    private static WireFormatException Refused(string hex, ReadAction read) => Assert.Throws<WireFormatException>(() =>
    {
        var reader = new WireReader(Convert.FromHexString(hex));
        read(ref reader);
    });
}
