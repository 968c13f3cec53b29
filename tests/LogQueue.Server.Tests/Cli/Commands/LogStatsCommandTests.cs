using System.Text.Json.Nodes;
using LogQueue.TestKit.Kafka;

namespace LogQueue.Server.Tests.Cli.Commands;

public sealed class LogStatsCommandTests
{
    [Fact]
    public async Task Topics_and_partitions_are_counted()
    {
        using KafkaDirectory kafka = KafkaDirectory.Extract(KafkaDirectory.Partitions);
        JsonArray topics = (await CliRun.OkAsync("log", "stats", kafka.DataDirectory, "--output", "json")).Json.AsArray();
        JsonNode readings = topics.Single(static t => (string)t!["topic"]! == "readings")!;
        Assert.Equal(15_000, (long)readings["total"]!["records"]!);
        Assert.Equal([7500L, 7500L], readings["partitions"]!.AsArray().Select(static p => (long)p!["records"]!));
        Assert.Equal(5, readings["total"]!["codecs"]!.AsArray().Count);
        JsonNode orders = topics.Single(static t => (string)t!["topic"]! == "orders-txn")!;
        Assert.Equal((2400L, 60L), ((long)orders["total"]!["records"]!, (long)orders["total"]!["control_records"]!));

        CliRun plain = await CliRun.OkAsync("log", "stats", kafka.DataDirectory, "--partition", "readings");
        Assert.Equal(4, plain.Lines.Length);
        Assert.StartsWith("readings (2 partitions)\t", plain.Lines[3], StringComparison.Ordinal);
        Assert.Contains("zstd", plain.Lines[1], StringComparison.Ordinal);
    }
}
