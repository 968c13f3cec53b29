using System.Text.Json.Nodes;
using LogQueue.Cli;
using LogQueue.TestKit.Kafka;

namespace LogQueue.Server.Tests.Cli.Commands;

public sealed class LogDumpCommandTests : IDisposable
{
    private readonly KafkaDirectory _kafka = KafkaDirectory.Extract(KafkaDirectory.Whole);

    public void Dispose() => _kafka.Dispose();

    [Theory]
    [InlineData("json")]
    [InlineData("ndjson")]
    [InlineData("csv")]
    [InlineData("table")]
    public async Task Records_in_a_range(string output)
    {
        CliRun run = await CliRun.OkAsync("log", "dump", _kafka.DataDirectory, "-p", "plain-0", "-r", "--from", "10", "--to", "20", "-n", "5", "--output", output);
        string[] offsets = output switch
        {
            "json" => [.. run.Json.AsArray().Select(static r => r!["offset"]!.ToString())],
            "ndjson" => [.. run.Lines.Select(static l => JsonNode.Parse(l)!["offset"]!.ToString())],
            _ => [.. run.Lines.Skip(1).Select(static l => l.Split('\t', ',')[0])],
        };
        Assert.Equal(["10", "11", "12", "13", "14"], offsets);
    }

    [Fact]
    public async Task Internal_records_are_decoded()
    {
        CliRun run = await CliRun.OkAsync("log", "dump", _kafka.DataDirectory, "-p", "__consumer_offsets", "--decode", "--output", "ndjson");
        Assert.Contains(run.Lines, static l => (string?)JsonNode.Parse(l)!["record"]!["key"]?["group"] == "g-plain");
        string snapshot = Directory.GetFiles(Path.Combine(_kafka.DataDirectory, "__cluster_metadata-0"), "*.checkpoint").Order(StringComparer.Ordinal).Last();
        CliRun metadata = await CliRun.OkAsync("log", "dump", snapshot, "--decode");
        Assert.Contains(metadata.Lines, static l => l.Contains("TopicRecord", StringComparison.Ordinal) && l.Contains("\"plain\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Files_beside_a_log_are_listed()
    {
        string file = Directory.GetFiles(Path.Combine(_kafka.DataDirectory, "txn-0"), "*.txnindex").First(static f => new FileInfo(f).Length > 0);
        JsonArray aborted = (await CliRun.OkAsync("log", "dump", file, "--output", "json")).Json.AsArray();
        Assert.Equal(4, aborted.Count);
        Assert.All(aborted, static a => Assert.True((long)a!["last_offset"]! > (long)a["first_offset"]!));

        byte[] bytes = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(file, bytes[..^1], TestContext.Current.CancellationToken);
        Assert.Equal(ExitCode.CheckFailed, (await CliRun.RunAsync("log", "dump", file)).ExitCode);
    }

    [Fact]
    public async Task A_partition_that_is_not_there_is_named_with_those_that_are() => Assert.Contains(
        "cfg-0", await CliRun.FailAsync(ExitCode.NotFound, "log", "dump", _kafka.DataDirectory, "-p", "nothing"), StringComparison.Ordinal);
}
