using System.Text.Json.Nodes;
using LogQueue.Cli;
using LogQueue.Cli.Output;

namespace LogQueue.Server.Tests.Cli;

/// <summary>What one command line printed, as into a pipe, and its exit code. Immutable.</summary>
internal sealed record CliRun(int ExitCode, string Out, string Errors)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public string[] Lines => Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public JsonNode Json => JsonNode.Parse(Out)!;

    /// <summary>Runs a command line in this process. Whatever it prints must be plain: lines and tabs, no control characters.</summary>
    public static async Task<CliRun> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var errors = new StringWriter { NewLine = "\n" };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        var terminal = new Terminal(output, errors, outIsTty: false, errorsAreTty: false);
        int exitCode = await CommandLine.RunAsync(arguments, terminal, limit.Token);
        var run = new CliRun(exitCode, output.ToString(), errors.ToString());
        AssertPlain(run.Out);
        AssertPlain(run.Errors);
        return run;
    }

    /// <summary>Runs a command line that must succeed.</summary>
    public static async Task<CliRun> OkAsync(params string[] arguments)
    {
        CliRun run = await RunAsync(arguments);
        Assert.True(
            run.ExitCode == LogQueue.Cli.ExitCode.Ok, $"{string.Join(' ', arguments)}: exit {run.ExitCode}\n{run.Out}\n{run.Errors}");
        return run;
    }

    /// <summary>Runs a command line that must fail with a code and one line on stderr, which is given.</summary>
    public static async Task<string> FailAsync(int exitCode, params string[] arguments)
    {
        CliRun run = await RunAsync(arguments);
        Assert.True(
            run.ExitCode == exitCode, $"{string.Join(' ', arguments)}: exit {run.ExitCode}, not {exitCode}\n{run.Out}\n{run.Errors}");
        string line = Assert.Single(run.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("logqueue: ", line, StringComparison.Ordinal);
        return line;
    }

    private static void AssertPlain(string text) =>
        Assert.False(text.Any(static c => char.IsControl(c) && c is not ('\n' or '\t')), $"control characters in: {text}");
}
