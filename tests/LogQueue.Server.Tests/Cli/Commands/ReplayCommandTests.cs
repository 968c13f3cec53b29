using System.Diagnostics;
using System.Text.Json.Nodes;

namespace LogQueue.Server.Tests.Cli.Commands;

public sealed class ReplayCommandTests(CliBroker broker) : IClassFixture<CliBroker>
{
    [Fact]
    public async Task Into_another_topic_keeps_keys_values_times_and_headers()
    {
        string topic = await broker.NewReadingsAsync(100, partitions: 3);
        string target = CliBroker.NewName();
        await broker.OkAsync("topic", "create", target, "-p", "2");

        JsonNode report = (await broker.OkAsync("replay", topic, "--speed", "max", "--into", target, "--output", "json")).Json[0]!;

        Assert.Equal((topic, target, 100L), ((string)report["from"]!, (string)report["into"]!, (long)report["records"]!));
        Assert.Equal(await ContentAsync(topic), await ContentAsync(target));
    }

    [Fact]
    public async Task Partitions_come_as_one_stream_in_the_order_of_time()
    {
        string topic = await broker.NewReadingsAsync(60, partitions: 3);

        JsonArray read = (await broker.OkAsync("replay", topic, "--speed", "max", "--output", "json")).Json.AsArray();

        Assert.Equal(Enumerable.Range(0, 60), read.Select(static r => (int)JsonNode.Parse((string)r!["value"]!)!["value"]!));
    }

    [Theory]
    [InlineData("3", "6", 3, 3)]
    [InlineData("beginning", "@2026-01-01T00:05:00Z", 0, 5)]
    [InlineData("@2026-01-01T00:08:00Z", "end", 8, 2)]
    [InlineData("-2", "end", 8, 2)]
    public async Task A_span_is_cut_out(string from, string to, int first, int count)
    {
        string topic = await broker.NewReadingsAsync(10);

        CliRun read = await broker.OkAsync("replay", topic, "--from", from, "--to", to, "--speed", "max", "--output", "ndjson");

        Assert.Equal(Enumerable.Range(first, count), read.Lines.Select(static l => (int)JsonNode.Parse(l)!["offset"]!));
    }

    [Fact]
    public async Task The_gaps_shrink_by_the_speed()
    {
        string topic = await broker.NewReadingsAsync(11);
        long started = Stopwatch.GetTimestamp();

        // Ten minutes at 1200 times the speed: half a second.
        CliRun read = await broker.OkAsync("replay", topic, "--speed", "1200x");

        Assert.Equal(11, read.Lines.Length);
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 0.45, 10);
    }

    private async Task<string[]> ContentAsync(string topic)
    {
        CliRun read = await broker.OkAsync("consume", topic, "-e", "--output", "ndjson");
        return [.. read.Lines.Select(static l =>
        {
            JsonNode record = JsonNode.Parse(l)!;
            return $"{record["timestamp"]} {record["key"]} {record["value"]} {record["headers"]}";
        }).Order(StringComparer.Ordinal)];
    }
}
