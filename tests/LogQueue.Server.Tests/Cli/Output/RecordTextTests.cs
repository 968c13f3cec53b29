using System.Text;
using System.Text.Json.Nodes;
using LogQueue.Cli.Output;
using LogQueue.Client;
using LogQueue.Records;

namespace LogQueue.Server.Tests.Cli.Output;

public sealed class RecordTextTests
{
    [Theory]
    [InlineData(new byte[] { 0xc3, 0xa9 }, "é")]
    [InlineData(new byte[0], "")]
    [InlineData(new byte[] { 0xff, 0x00 }, "hex:ff00")]
    [InlineData(new byte[] { (byte)'a', 0x1b, (byte)'[', (byte)'2', (byte)'J' }, "a\\u001b[2J")]
    [InlineData(new byte[] { (byte)'a', (byte)'\n', (byte)'b', (byte)'\r' }, "a\\u000ab\\u000d")]
    [InlineData(new byte[] { 0xc2, 0x9b, (byte)'m' }, "\\u009bm")]
    public void Shows_text_as_text_and_the_rest_so_that_it_cannot_harm(byte[] bytes, string expected) =>
        Assert.Equal(expected, RecordText.Show(bytes, "-"));

    [Fact]
    public void Shows_a_word_for_what_is_absent() => Assert.Equal("-", RecordText.Show(null, "-"));

    [Fact]
    public void Json_has_every_part()
    {
        var record = new ConsumedRecord(
            "t", 2, 7, 1_700_000_000_123, Encoding.UTF8.GetBytes("k"), null,
            [new RecordHeader("h", Encoding.UTF8.GetBytes("v")), new RecordHeader("n", null)]);

        JsonObject json = RecordText.ToJson(record);

        Assert.Equal(
            """{"topic":"t","partition":2,"offset":7,"timestamp":"2023-11-14T22:13:20.123Z",""" + """
            "key":"k","value":null,"headers":{"h":"v","n":null}}
            """,
            json.ToJsonString());
    }
}
