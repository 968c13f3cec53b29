using System.Globalization;
using System.Text.Json.Nodes;

namespace LogQueue.Server.Tests.Cli.Commands;

public sealed class BenchCommandTests(CliBroker broker) : IClassFixture<CliBroker>
{
    [Fact]
    public async Task Engine_reports_its_figures()
    {
        JsonNode report = Assert.Single(
            (await CliRun.OkAsync("bench", "engine", "--records", "2000", "--size", "50", "--compression", "lz4", "--output", "json"))
            .Json.AsArray())!;

        Assert.Equal(2000, (long)report["records"]!);
        Assert.True((double)report["records_per_second"]! > 0);
        Assert.True((double)report["mb_per_second"]! > 0);
        Assert.True((double)report["seconds"]! > 0);
    }

    [Theory]
    [InlineData("produce")]
    [InlineData("consume")]
    [InlineData("e2e")]
    public async Task A_broker_is_measured_and_left_as_it_was(string what)
    {
        CliRun run = await broker.OkAsync("bench", what, "--records", "500", "--rate", "5k/s", "--partitions", "2");

        string records = Assert.Single(run.Lines, static l => l.StartsWith("records\t", StringComparison.Ordinal));
        Assert.InRange(int.Parse(records[8..], CultureInfo.InvariantCulture), 500, 550);
        Assert.Contains(run.Lines, static l => l.StartsWith("throughput\t", StringComparison.Ordinal));
        Assert.DoesNotContain("bench-", (await broker.OkAsync("topic", "list")).Out, StringComparison.Ordinal);
    }
}
