using LogQueue.TestKit;

namespace LogQueue.Server.Tests.Cli.Commands;

/// <summary>One broker and one directory for the tests of a class; command lines get its address.</summary>
public sealed class CliBroker : IAsyncLifetime
{
    private static int _names;

    /// <summary>The broker.</summary>
    public TestBroker Broker { get; private set; } = null!;

    /// <summary>For the files of the tests.</summary>
    public string Files { get; } = Directory.CreateTempSubdirectory("logqueue-cli-").FullName;

    /// <summary>A name that no other test has.</summary>
    public static string NewName() => $"cli-{Interlocked.Increment(ref _names)}";

    public async ValueTask InitializeAsync() => Broker = await TestBroker.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await Broker.DisposeAsync();
        Directory.Delete(Files, recursive: true);
    }

    internal Task<CliRun> OkAsync(params string[] arguments) => CliRun.OkAsync([.. arguments, "-b", Broker.Bootstrap]);

    internal Task<CliRun> RunAsync(params string[] arguments) => CliRun.RunAsync([.. arguments, "-b", Broker.Bootstrap]);

    internal Task<string> FailAsync(int exitCode, params string[] arguments) =>
        CliRun.FailAsync(exitCode, [.. arguments, "-b", Broker.Bootstrap]);

    /// <summary>Writes a file for a test.</summary>
    internal string NewFile(string extension, params string[] lines)
    {
        string path = Path.Combine(Files, NewName() + extension);
        File.WriteAllLines(path, lines);
        return path;
    }

    /// <summary>A topic of one partition with readings 0 to count-1, a minute apart since 2026-01-01, keys a and b in turn.</summary>
    internal async Task<string> NewReadingsAsync(int count, int partitions = 1)
    {
        string topic = NewName();
        await OkAsync("topic", "create", topic, "-p", $"{partitions}");
        DateTimeOffset start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        IEnumerable<string> rows = Enumerable.Range(0, count).Select(i => $"{start.AddMinutes(i):O},{(i % 2 == 0 ? 'a' : 'b')},{i}");
        string file = NewFile(".csv", ["time,sensor,value", .. rows]);
        await OkAsync("produce", topic, "--from", file, "--key-column", "sensor", "--time-column", "time");
        return topic;
    }
}
