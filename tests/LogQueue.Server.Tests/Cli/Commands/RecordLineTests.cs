using System.Text;
using CsCheck;
using LogQueue.Cli.Commands;
using LogQueue.Engine.Partitions;
using LogQueue.Records;
using Record = LogQueue.Records.Record;

namespace LogQueue.Server.Tests.Cli.Commands;

public sealed class RecordLineTests
{
    private static readonly Gen<byte[]> Bytes = Gen.OneOf(
        Gen.Byte.Array[0, 20], Gen.String[0, 20].Select(Encoding.UTF8.GetBytes), Gen.OneOfConst("a,b", "\"", "line\nbreak", "null", "\u00e9\u20ac\U0001F600", "\ufeffx").Select(Encoding.UTF8.GetBytes));

    private static readonly Gen<Record> Records = Gen.Select(
        Gen.Long[0, long.MaxValue], Gen.Long[-1, 4_000_000_000_000], Optional, Optional, Gen.Select(Gen.String[1, 8].Where(Sound), Optional).Array[0, 3],
        static (offset, time, key, value, headers) => new Record(
            offset, time, key, value, [.. headers.Select(static h => new RecordHeader(h.Item1, h.Item2))]));

    private static Gen<ReadOnlyMemory<byte>?> Optional => Gen.Select(Gen.Bool, Bytes, static (present, bytes) => present ? (ReadOnlyMemory<byte>?)bytes : null);

    [Fact]
    public void A_record_comes_back_from_either_form()
    {
        Records.Sample(static record =>
        {
            string ndjson = RecordLine.ToNdjson(record);
            Assert.DoesNotContain('\n', ndjson);
            AssertSame(record, RecordLine.FromNdjson(ndjson));

            string csv = RecordLine.ToCsv(record);
            Assert.DoesNotContain('\n', csv);
            AssertSame(record, RecordLine.FromCsv(RecordLine.CsvHeader.Split(','), csv));
        });
    }

    [Theory]
    [InlineData("[1]", "no JSON object")]
    [InlineData("{", "no JSON")]
    [InlineData("{\"timestamp\":\"soon\"}", "timestamp")]
    [InlineData("{\"key\":7}", "key")]
    [InlineData("{\"value\":\"%\",\"value_encoding\":\"base64\"}", "base64")]
    [InlineData("{\"value\":\"x\",\"value_encoding\":\"rot13\"}", "rot13")]
    [InlineData("{\"headers\":{}}", "headers")]
    [InlineData("{\"headers\":[{\"value\":\"x\"}]}", "header")]
    public void A_wrong_line_says_why(string line, string why) =>
        Assert.Contains(why, Assert.Throws<FormatException>(() => RecordLine.FromNdjson(line)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_plain_csv_of_values_is_enough()
    {
        NewRecord record = RecordLine.FromCsv(["value"], "\"21,4\"");
        Assert.Equal("21,4", Encoding.UTF8.GetString(record.Value!.Value.Span));
        Assert.Null(record.Key);
        Assert.Null(record.TimestampMs);
        Assert.Throws<FormatException>(static () => RecordLine.FromCsv(["key", "value"], "1,2,3"));
    }

    private static bool Sound(string text) => !text.Any(char.IsSurrogate);

    private static void AssertSame(Record expected, NewRecord actual)
    {
        Assert.Equal(expected.TimestampMs, actual.TimestampMs);
        AssertSame(expected.Key, actual.Key);
        AssertSame(expected.Value, actual.Value);
        IReadOnlyList<RecordHeader> headers = actual.Headers ?? [];
        Assert.Equal(expected.Headers.Select(static h => h.Key), headers.Select(static h => h.Key));
        for (int i = 0; i < headers.Count; i++)
        {
            AssertSame(expected.Headers[i].Value, headers[i].Value);
        }
    }

    private static void AssertSame(ReadOnlyMemory<byte>? expected, ReadOnlyMemory<byte>? actual)
    {
        Assert.Equal(expected.HasValue, actual.HasValue);
        Assert.True((expected ?? default).Span.SequenceEqual((actual ?? default).Span));
    }
}
