using System.Net;
using System.Net.Sockets;
using LogQueue.Cli;

namespace LogQueue.Server.Tests.Crash;

/// <summary>What the real executable says, and with which exit code it ends, when it cannot start;
/// and that it stops cleanly when told.</summary>
public sealed class StartupErrorTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("logqueue-start-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact(Timeout = 60_000)]
    public async Task A_taken_port_is_named()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        int port = ((IPEndPoint)taken.LocalEndPoint!).Port;

        string line = await FailAsync(ExitCode.Failed, "--port", $"{port}", "--data", _directory);

        Assert.Contains($"{port}", line, StringComparison.Ordinal);
        Assert.Contains("the port is taken", line, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_directory_below_a_file_is_named()
    {
        string file = Path.Combine(_directory, "file");
        await File.WriteAllTextAsync(file, "", TestContext.Current.CancellationToken);

        string line = await FailAsync(ExitCode.Failed, "--port", "0", "--data", Path.Combine(file, "data"));

        Assert.Contains(file, line, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_directory_that_nobody_may_write_is_named()
    {
        string line = await FailAsync(ExitCode.Failed, "--port", "0", "--data", "/proc/logqueue");

        Assert.Contains("/proc/logqueue", line, StringComparison.Ordinal);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("log.segment.byte=1048576", "log.segment.bytes")]
    [InlineData("num.partition=3", "num.partitions")]
    public async Task An_unknown_setting_gets_the_nearest_name(string setting, string nearest)
    {
        string line = await FailAsync(ExitCode.BadConfig, "--port", "0", "--data", _directory, "--set", setting);

        Assert.Contains($"'{setting[..setting.IndexOf('=', StringComparison.Ordinal)]}'", line, StringComparison.Ordinal);
        Assert.Contains($"'{nearest}'", line, StringComparison.Ordinal);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("num.partitions=many")]
    [InlineData("log.segment.bytes=-5")]
    [InlineData("listeners=nonsense")]
    [InlineData("logqueue.durability=sometimes")]
    public async Task A_bad_value_is_named_with_its_setting(string setting)
    {
        string line = await FailAsync(ExitCode.BadConfig, "--port", "0", "--data", _directory, "--set", setting);

        Assert.Contains(setting[..setting.IndexOf('=', StringComparison.Ordinal)], line, StringComparison.Ordinal);
        Assert.Contains(setting[(setting.IndexOf('=', StringComparison.Ordinal) + 1)..], line, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_missing_configuration_file_is_named()
    {
        string missing = Path.Combine(_directory, "missing.properties");

        string line = await FailAsync(ExitCode.BadConfig, "--port", "0", "--data", _directory, "--config", missing);

        Assert.Contains(missing, line, StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_newer_directory_is_left_alone()
    {
        string properties = Path.Combine(_directory, "meta.properties");
        const string Newer = "version=2\nnode.id=1\ncluster.id=AAAAAAAAAAAAAAAAAAAAAA\n";
        await File.WriteAllTextAsync(properties, Newer, TestContext.Current.CancellationToken);

        string line = await FailAsync(ExitCode.Failed, "--port", "0", "--data", _directory);

        Assert.Contains(properties, line, StringComparison.Ordinal);
        Assert.Contains("version 2", line, StringComparison.Ordinal);
        Assert.Equal(Newer, await File.ReadAllTextAsync(properties, TestContext.Current.CancellationToken));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_second_process_on_the_directory_is_told_of_the_first()
    {
        await using ServeProcess first = await ServeProcess.StartReadyAsync(_directory, 0);

        string line = await FailAsync(ExitCode.Failed, "--port", "0", "--data", _directory);

        Assert.Contains(_directory, line, StringComparison.Ordinal);
        Assert.Contains("in use", line, StringComparison.Ordinal);
        await first.SignalAsync("TERM");
        Assert.Equal(ExitCode.Ok, (await first.FinishAsync()).ExitCode);
    }

    [Theory(Timeout = 60_000)]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_signal_stops_it_cleanly_after_one_ready_line(string signal)
    {
        await using ServeProcess serve = await ServeProcess.StartReadyAsync(_directory, 0);
        Assert.InRange(serve.Port, 1, 65535);

        await serve.SignalAsync(signal);
        (int exitCode, string rest, string errors) = await serve.FinishAsync();

        Assert.True(exitCode == ExitCode.Ok, $"exit {exitCode}: {errors}");
        Assert.Empty(rest);
        Assert.DoesNotContain('\e', errors);
    }

    /// <summary>Runs serve, which must fail with the code, an empty stdout and one plain line on stderr, which is given.</summary>
    private static async Task<string> FailAsync(int exitCode, params string[] arguments)
    {
        (int found, string output, string errors) = await ServeProcess.RunAsync(["serve", .. arguments]);
        Assert.True(found == exitCode, $"exit {found} instead of {exitCode}: {errors}");
        Assert.Empty(output);
        string line = Assert.Single(errors.Split('\n'));
        Assert.StartsWith("logqueue: ", line, StringComparison.Ordinal);
        Assert.DoesNotContain(line, char.IsControl);
        return line;
    }
}
