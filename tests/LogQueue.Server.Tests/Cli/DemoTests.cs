using LogQueue.Cli;

namespace LogQueue.Server.Tests.Cli;

/// <summary>The main job, whole: every check that it makes itself must hold, and what it prints into a pipe is plain text.</summary>
public sealed class DemoTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("logqueue-demo-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact(Timeout = 120_000)]
    public async Task Its_checks_hold()
    {
        int runs = Environment.GetEnvironmentVariable("LOGQUEUE_LONG") == "1" ? 2 : 1;
        for (int run = 1; run <= runs; run++)
        {
            CliRun demo = await CliRun.OkAsync("demo", "--data", _directory);

            Assert.Contains($"run {run}:", demo.Errors, StringComparison.Ordinal);
            Assert.Contains("throughput", demo.Out, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("p99", demo.Out, StringComparison.Ordinal);
            Assert.Contains(_directory, demo.Out, StringComparison.Ordinal);
        }

        CliRun verified = await CliRun.RunAsync("log", "verify", _directory);
        Assert.Equal(ExitCode.Ok, verified.ExitCode);
    }
}
