using System.Text.Json.Nodes;
using LogQueue.Cli;
using LogQueue.Engine;
using LogQueue.Engine.Topics;

namespace LogQueue.Server.Tests.Cli.Commands;

public sealed class LogRepairCommandTests(CliBroker broker) : IClassFixture<CliBroker>
{
    [Fact]
    public async Task Damage_is_shown_then_repaired()
    {
        string directory = Path.Combine(broker.Files, CliBroker.NewName());
        var options = new LogEngineOptions { DataDirectory = directory };
        await using (LogEngine engine = await LogEngine.OpenAsync(options, TestContext.Current.CancellationToken))
        {
            Topic topic = await engine.CreateTopicAsync("readings", cancellationToken: TestContext.Current.CancellationToken);
            for (int i = 0; i < 10; i++)
            {
                await topic.Partitions[0].AppendAsync(default, new byte[200], cancellationToken: TestContext.Current.CancellationToken);
            }

            string inUse = await CliRun.FailAsync(ExitCode.Failed, "log", "repair", directory);
            Assert.Contains("in use", inUse, StringComparison.Ordinal);
        }

        CliRun sound = await CliRun.OkAsync("log", "repair", directory);
        Assert.Contains(sound.Lines, static l => l.StartsWith("readings-0\t-\t0\t0\tok", StringComparison.Ordinal));

        string segment = Directory.GetFiles(Path.Combine(directory, "readings-0"), "*.log").Single();
        byte[] bytes = await File.ReadAllBytesAsync(segment, TestContext.Current.CancellationToken);
        bytes[bytes.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(segment, bytes, TestContext.Current.CancellationToken);

        CliRun dry = await CliRun.RunAsync("log", "repair", directory, "--partition", "readings-0", "--output", "json");
        Assert.Equal(ExitCode.CheckFailed, dry.ExitCode);
        JsonNode damaged = Assert.Single(dry.Json.AsArray())!;
        Assert.False((bool)damaged["repaired"]!);
        long from = (long)damaged["lost"]![0]!["from_offset"]!;
        Assert.Equal(from + 1, (long)damaged["lost"]![0]!["to_offset"]!);
        Assert.Contains("--accept-loss", dry.Errors, StringComparison.Ordinal);

        CliRun repaired = await CliRun.OkAsync("log", "repair", directory, "--accept-loss");
        Assert.Contains(repaired.Lines, l => l.StartsWith($"readings-0\t{from}..{from}\t1\t", StringComparison.Ordinal));
        Assert.Single(Directory.GetFiles(Path.Combine(directory, "lost+found")));
        await CliRun.OkAsync("log", "repair", directory);
        await CliRun.OkAsync("log", "verify", directory);
        await using LogEngine again = await LogEngine.OpenAsync(options, TestContext.Current.CancellationToken);
        Topic same = again.Topics.Single(static t => t.Name == "readings");
        Assert.Equal(10, await same.Partitions[0].AppendAsync(default, new byte[1], cancellationToken: TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_missing_directory_or_partition_is_exit_4()
    {
        Assert.Contains("/no/such", await CliRun.FailAsync(ExitCode.NotFound, "log", "repair", "/no/such"), StringComparison.Ordinal);
        Assert.Contains("nothing-0", await CliRun.FailAsync(
            ExitCode.NotFound, "log", "repair", broker.Files, "--partition", "nothing-0"), StringComparison.Ordinal);
    }
}
