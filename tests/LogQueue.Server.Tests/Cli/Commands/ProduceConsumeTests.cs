using System.Text.Json.Nodes;
using LogQueue.Cli;
using LogQueue.Cli.Output;

namespace LogQueue.Server.Tests.Cli.Commands;

public sealed class ProduceConsumeTests(CliBroker broker) : IClassFixture<CliBroker>
{
    [Fact]
    public async Task Csv_rows_become_records_with_key_and_time()
    {
        string topic = CliBroker.NewName();
        await broker.OkAsync("topic", "create", topic);
        string file = broker.NewFile(
            ".csv", "time,sensor,value,note", "2026-01-01T00:00:00Z,a,1.5,\"x, y\"", "", "2026-01-01T00:01:00Z,b,2,");

        CliRun produced = await broker.OkAsync(
            "produce", topic, "--from", file, "--key-column", "sensor", "--time-column", "time", "-H", "source=test");
        Assert.Equal(
            ["TOPIC\tPARTITION\tOFFSET\tTIME", $"{topic}\t0\t0\t2026-01-01T00:00:00.000Z", $"{topic}\t0\t1\t2026-01-01T00:01:00.000Z"],
            produced.Lines);

        JsonArray read = (await broker.OkAsync("consume", topic, "-e", "--output", "json")).Json.AsArray();
        Assert.Equal(2, read.Count);
        Assert.Equal("""{"time":"2026-01-01T00:00:00Z","sensor":"a","value":1.5,"note":"x, y"}""", (string)read[0]!["value"]!);
        Assert.Equal(
            ("a", "2026-01-01T00:00:00.000Z", "test"),
            ((string)read[0]!["key"]!, (string)read[0]!["timestamp"]!, (string)read[0]!["headers"]!["source"]!));
        Assert.Equal(("b", 1L, 0), ((string)read[1]!["key"]!, (long)read[1]!["offset"]!, (int)read[1]!["partition"]!));
    }

    [Fact]
    public async Task Ndjson_lines_are_kept_as_they_are()
    {
        string topic = CliBroker.NewName();
        await broker.OkAsync("topic", "create", topic);
        string file = broker.NewFile(".ndjson", """{"at": 1767225600, "id": "s1", "v": 1}""", """{"at": 1767225660000, "id": 7, "v": 2}""");

        await broker.OkAsync("produce", topic, "--from", file, "--key-column", "id", "--time-column", "at");

        CliRun read = await broker.OkAsync("consume", topic, "-e");
        Assert.Equal(
            ["2026-01-01T00:00:00.000Z\t0\t0\ts1\t{\"at\": 1767225600, \"id\": \"s1\", \"v\": 1}",
                "2026-01-01T00:01:00.000Z\t0\t1\t7\t{\"at\": 1767225660000, \"id\": 7, \"v\": 2}"],
            read.Lines);
    }

    [Fact]
    public async Task Many_records_are_reported_in_one_row()
    {
        string topic = CliBroker.NewName();
        await broker.OkAsync("topic", "create", topic, "-p", "3");
        string file = broker.NewFile(".ndjson", [.. Enumerable.Range(0, 1000).Select(static i => $"{{\"i\":{i}}}")]);

        JsonNode report = (await broker.OkAsync("produce", topic, "--from", file, "--key-column", "i", "--output", "json")).Json[0]!;

        Assert.Equal((1000L, 0L), ((long)report["records"]!, (long)report["failed"]!));
        Assert.Equal(1000, (await broker.OkAsync("consume", topic, "-e")).Lines.Length);
    }

    [Theory]
    [InlineData("beginning", 0, 20)]
    [InlineData("15", 15, 5)]
    [InlineData("-3", 17, 3)]
    [InlineData("-100", 0, 20)]
    [InlineData("@2026-01-01T00:12:00Z", 12, 8)]
    [InlineData("@2026-01-01T00:11:30Z", 12, 8)]
    [InlineData("end", 0, 0)]
    public async Task Consume_starts_where_it_is_told(string from, int first, int count)
    {
        string topic = await broker.NewReadingsAsync(20);

        CliRun read = await broker.OkAsync("consume", topic, "-o", from, "-e", "--output", "ndjson");

        Assert.Equal(Enumerable.Range(first, count), read.Lines.Select(static l => (int)JsonNode.Parse(l)!["offset"]!));
    }

    [Fact]
    public async Task Consume_stops_after_a_count()
    {
        string topic = await broker.NewReadingsAsync(20);

        CliRun read = await broker.OkAsync("consume", topic, "-n", "2", "-o", "5", "--output", "csv");

        Assert.Equal("time,partition,offset,key,value", read.Lines[0]);
        Assert.Equal(3, read.Lines.Length);
        Assert.Equal(["2026-01-01T00:05:00.000Z", "0", "5", "b"], Csv.Split(read.Lines[1])[..4]);
        Assert.Equal(5, (int)JsonNode.Parse(Csv.Split(read.Lines[1])[4])!["value"]!);
    }

    [Theory]
    [InlineData("json", "[]\n")]
    [InlineData("ndjson", "")]
    [InlineData("csv", "time,partition,offset,key,value\n")]
    [InlineData("table", "")]
    public async Task Nothing_to_read_is_well_formed(string format, string expected)
    {
        string topic = CliBroker.NewName();
        await broker.OkAsync("topic", "create", topic);
        Assert.Equal(expected, (await broker.OkAsync("consume", topic, "-e", "--output", format)).Out);
    }

    [Fact]
    public async Task Missing_things_are_exit_4()
    {
        string topic = CliBroker.NewName();
        Assert.Contains("no-such-topic", await broker.FailAsync(ExitCode.NotFound, "consume", "no-such-topic"), StringComparison.Ordinal);
        string missing = await broker.FailAsync(ExitCode.NotFound, "produce", topic, "--from", "no-such.csv");
        Assert.Contains("no-such.csv", missing, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("consume", "t", "-o", "nowhere")]
    [InlineData("consume", "t", "-n", "many")]
    [InlineData("consume")]
    [InlineData("consume", "t", "--no-such-option")]
    [InlineData("replay", "t", "--speed", "fast")]
    [InlineData("bench", "engine", "--records", "0")]
    [InlineData("bench", "engine", "--acks", "7")]
    [InlineData("no-such-verb")]
    public async Task A_bad_command_line_is_exit_2(params string[] arguments)
    {
        if (arguments is ["replay" or "consume", _, ..])
        {
            arguments = [arguments[0], await broker.NewReadingsAsync(1), .. arguments[2..]];
        }

        await broker.FailAsync(ExitCode.Usage, arguments);
    }

    [Theory]
    [InlineData("""{"at": "soon"}""", "'soon'")]
    [InlineData("[1]", "no JSON object")]
    [InlineData("{", ":2")]
    public async Task A_bad_line_is_named(string bad, string expected)
    {
        string topic = CliBroker.NewName();
        await broker.OkAsync("topic", "create", topic);
        string file = broker.NewFile(".ndjson", """{"at": 1}""", bad);

        string line = await broker.FailAsync(ExitCode.Failed, "produce", topic, "--from", file, "--time-column", "at");

        Assert.Contains($"{file}:2", line, StringComparison.Ordinal);
        Assert.Contains(expected, line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_column_is_exit_2()
    {
        string file = broker.NewFile(".csv", "time,value", "1,2");
        string line = await broker.FailAsync(ExitCode.Usage, "produce", CliBroker.NewName(), "--from", file, "--key-column", "sensor");
        Assert.Contains("time, value", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_broker_is_exit_3()
    {
        string line = await CliRun.FailAsync(ExitCode.CannotConnect, "topic", "list", "-b", "127.0.0.1:1");
        Assert.Contains("127.0.0.1:1", line, StringComparison.Ordinal);
        Assert.Contains("logqueue serve", line, StringComparison.Ordinal);
    }
}
