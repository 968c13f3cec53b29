using System.Text.Json.Nodes;
using LogQueue.Cli;
using LogQueue.Engine;
using LogQueue.Engine.Inspection;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.TestKit.Kafka;

namespace LogQueue.Server.Tests.Cli.Commands;

/// <summary>What <c>log export</c> writes, <c>log import</c> gives back.</summary>
public sealed class LogImportCommandTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("logqueue-import-").FullName;

    private static CancellationToken Timeout => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("ndjson")]
    [InlineData("csv")]
    public async Task Export_import_export_is_equal(string format)
    {
        string source = await WrittenAsync("source");
        string target = Path.Combine(_root, "target");
        string first = Path.Combine(_root, "first." + format);
        string second = Path.Combine(_root, "second." + format);

        await CliRun.OkAsync("log", "export", source, "readings-1", "--file", first);
        JsonNode told = (await CliRun.OkAsync("log", "import", target, "copy-1", "--file", first, "--output", "json")).Json;
        Assert.Equal((2500L, 0L), ((long)told["records"]!, (long)told["first_offset"]!));
        await CliRun.OkAsync("log", "export", target, "copy-1", "--file", second);

        string[] lines = await File.ReadAllLinesAsync(first, Timeout);
        Assert.Equal(2500 + (format == "csv" ? 1 : 0), lines.Length);
        Assert.Equal(lines, await File.ReadAllLinesAsync(second, Timeout));
        Assert.Contains(lines, static l => l.Contains("base64", StringComparison.Ordinal));

        // Again appends behind, and the directory is sound.
        await CliRun.OkAsync("log", "import", target, "copy-1", "--file", first);
        Assert.Equal(5000, LogInspector.Records(Path.Combine(target, "copy-1")).Count());
        await CliRun.OkAsync("log", "verify", target);
    }

    [Fact]
    public async Task Records_of_Kafka_come_over_without_the_aborted_ones()
    {
        using KafkaDirectory kafka = KafkaDirectory.Extract(KafkaDirectory.Partitions);
        CliRun exported = await CliRun.OkAsync("log", "export", Path.Combine(kafka.DataDirectory, "orders-txn-0"));
        Assert.Equal(kafka.Expected("orders-txn", 0, committed: true).Count, exported.Lines.Length);
        CliRun all = await CliRun.OkAsync("log", "export", kafka.DataDirectory, "orders-txn-0", "--uncommitted");
        Assert.Equal(kafka.Expected("orders-txn", 0, committed: false).Count, all.Lines.Length);
        CliRun some = await CliRun.OkAsync("log", "export", kafka.DataDirectory, "orders-txn-0", "--uncommitted", "--from", "100", "--to", "103");
        Assert.Equal([100L, 101L, 102L], some.Lines.Select(static l => (long)JsonNode.Parse(l)!["offset"]!));
    }

    [Fact]
    public async Task A_directory_in_use_is_refused()
    {
        string directory = Path.Combine(_root, "used");
        await using LogEngine engine = await LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = directory }, Timeout);
        string file = Path.Combine(_root, "one.ndjson");
        await File.WriteAllTextAsync(file, "{\"value\":\"x\"}\n", Timeout);
        Assert.Contains("in use", await CliRun.FailAsync(ExitCode.Failed, "log", "import", directory, "t-0", "--file", file), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_line_is_named_and_wrong_names_are_usage()
    {
        string file = Path.Combine(_root, "bad.ndjson");
        await File.WriteAllTextAsync(file, "{\"value\":\"x\"}\n\n{\"value\":7}\n", Timeout);
        string directory = Path.Combine(_root, "bad");
        CliRun failed = await CliRun.RunAsync("log", "import", directory, "t-0", "--file", file);
        Assert.Equal(ExitCode.Failed, failed.ExitCode);
        Assert.Contains(file + ":3", failed.Errors, StringComparison.Ordinal);
        await CliRun.FailAsync(ExitCode.Usage, "log", "import", directory, "nopartition", "--file", file);
        await CliRun.FailAsync(ExitCode.NotFound, "log", "import", directory, "t-0", "--file", "/no/such.ndjson");
        await CliRun.FailAsync(ExitCode.NotFound, "log", "import", directory, "t-5", "--file", file);
        await CliRun.FailAsync(ExitCode.Usage, "log", "import", directory, "__consumer_offsets-0", "--file", file, "-c", "novalue");
    }

    [Fact]
    public async Task Settings_and_partitions_of_a_new_topic_are_taken()
    {
        string file = Path.Combine(_root, "one.csv");
        await File.WriteAllTextAsync(file, "value\nx\n", Timeout);
        string directory = Path.Combine(_root, "made");
        await CliRun.OkAsync("log", "import", directory, "t-1", "--file", file, "--partitions", "4", "-c", "retention.ms=-1");
        await using LogEngine engine = await LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = directory }, Timeout);
        Assert.True(engine.TryGetTopic("t", out Topic? topic));
        Assert.Equal((4, -1L, 1L), (topic.Partitions.Count, topic.Config.RetentionMs, topic.Partitions[1].LogEndOffset));
    }

    private async Task<string> WrittenAsync(string name)
    {
        string directory = Path.Combine(_root, name);
        await using LogEngine engine = await LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = directory }, Timeout);
        Topic topic = await engine.CreateTopicAsync("readings", 2, cancellationToken: Timeout);
        var random = new Random(7);
        NewRecord[] records = [.. Enumerable.Range(0, 2500).Select(i =>
        {
            byte[] binary = new byte[i % 40];
            random.NextBytes(binary);
            return new NewRecord(i % 5 == 0 ? null : System.Text.Encoding.UTF8.GetBytes($"k{i % 9}"), i % 7 == 0 ? null : i % 3 == 0 ? binary
                : System.Text.Encoding.UTF8.GetBytes($"value \"{i}\", caf\u00e9"))
            {
                TimestampMs = 1_700_000_000_000 + (i * 137L),
                Headers = i % 4 == 0 ? [new RecordHeader("h", binary), new RecordHeader("h", null)] : null,
            };
        })];
        foreach (NewRecord[] some in records.Chunk(100))
        {
            await topic.Partitions[1].AppendAsync(some, Timeout);
        }

        return directory;
    }
}
