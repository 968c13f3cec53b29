using System.Text.Json.Nodes;
using LogQueue.Cli;
using LogQueue.TestKit;

namespace LogQueue.Server.Tests.Cli.Commands;

public sealed class LogVerifyCommandTests(CliBroker broker) : IClassFixture<CliBroker>
{
    [Fact]
    public async Task A_sound_directory_verifies()
    {
        string directory = await WrittenAsync();

        CliRun verified = await CliRun.OkAsync("log", "verify", directory);
        Assert.Contains(
            verified.Lines,
            static l => l.StartsWith("readings-0\t", StringComparison.Ordinal) && l.EndsWith("\tok", StringComparison.Ordinal));

        JsonNode partition = Assert.Single(
            (await CliRun.OkAsync("log", "verify", directory, "--output", "json")).Json.AsArray(),
            static p => (string)p!["partition"]! == "readings-0")!;
        Assert.Equal((50L, 0L, 50L), ((long)partition["records"]!, (long)partition["log_start_offset"]!, (long)partition["next_offset"]!));
        Assert.Empty(partition["problems"]!.AsArray());
    }

    [Fact]
    public async Task Dump_lists_the_batches()
    {
        string partition = Path.Combine(await WrittenAsync(), "readings-0");

        JsonArray batches = (await CliRun.OkAsync("log", "dump", partition, "--output", "json")).Json.AsArray();

        Assert.Equal(50, batches.Sum(static b => (int)b!["records"]!));
        Assert.All(batches, static b => Assert.True((bool)b!["crc_ok"]!));
        Assert.Equal("lz4", (string)batches[0]!["codec"]!);
        CliRun one = await CliRun.OkAsync("log", "dump", Directory.GetFiles(partition, "*.log").Single(), "-n", "1");
        Assert.Equal(2, one.Lines.Length);
    }

    [Fact]
    public async Task A_flipped_byte_is_exit_8_and_named()
    {
        string directory = await WrittenAsync();
        string segment = Directory.GetFiles(Path.Combine(directory, "readings-0"), "*.log").Single();
        byte[] bytes = await File.ReadAllBytesAsync(segment, TestContext.Current.CancellationToken);
        bytes[80] ^= 0x40;
        await File.WriteAllBytesAsync(segment, bytes, TestContext.Current.CancellationToken);

        CliRun verified = await CliRun.RunAsync("log", "verify", directory);
        Assert.Equal(ExitCode.CheckFailed, verified.ExitCode);
        Assert.Contains(Path.GetFileName(segment), verified.Out, StringComparison.Ordinal);
        Assert.Contains($"readings-0/{Path.GetFileName(segment)} byte 0: bad checksum (offsets 0 to ", verified.Errors, StringComparison.Ordinal);
        Assert.Contains($"logqueue log repair {directory} --partition readings-0", verified.Errors, StringComparison.Ordinal);

        CliRun json = await CliRun.RunAsync("log", "verify", directory, "--output", "json");
        Assert.Equal(ExitCode.CheckFailed, json.ExitCode);
        JsonNode partition = Assert.Single(json.Json.AsArray(), static p => (string)p!["partition"]! == "readings-0")!;
        Assert.Equal((segment, 0L), ((string)partition["problems"]![0]!["path"]!, (long)partition["problems"]![0]!["position"]!));

        CliRun dumped = await CliRun.RunAsync("log", "dump", segment);
        Assert.Equal(ExitCode.CheckFailed, dumped.ExitCode);
        Assert.Contains("BAD", dumped.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("verify")]
    [InlineData("dump")]
    public async Task A_missing_or_empty_directory_is_exit_4(string verb)
    {
        Assert.Contains("/no/such", await CliRun.FailAsync(ExitCode.NotFound, "log", verb, "/no/such"), StringComparison.Ordinal);
        string empty = Directory.CreateDirectory(Path.Combine(broker.Files, CliBroker.NewName())).FullName;
        Assert.Contains(empty, await CliRun.FailAsync(ExitCode.NotFound, "log", verb, empty), StringComparison.Ordinal);
    }

    /// <summary>A copy of the data directory of a broker that was closed after fifty records.</summary>
    private async Task<string> WrittenAsync()
    {
        await using TestBroker writer = await TestBroker.StartAsync();
        await CliRun.OkAsync("topic", "create", "readings", "-b", writer.Bootstrap);
        string file = broker.NewFile(".ndjson", [.. Enumerable.Range(0, 50).Select(static i => $"{{\"value\":{i}}}")]);
        await CliRun.OkAsync("produce", "readings", "--from", file, "-b", writer.Bootstrap);
        await writer.Server.StopAsync(TimeSpan.FromSeconds(2));
        await writer.Engine.CloseAsync();
        string copy = Path.Combine(broker.Files, CliBroker.NewName());
        foreach (string source in Directory.GetFiles(writer.DataDirectory, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(copy, Path.GetRelativePath(writer.DataDirectory, source));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(source, target);
        }

        return copy;
    }
}
