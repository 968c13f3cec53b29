using System.Diagnostics;
using System.Text.Json.Nodes;
using LogQueue.Cli;

namespace LogQueue.Server.Tests.Crash;

/// <summary>
/// The real executable as a process of its own, with what it said; LOGQUEUE_PROGRAM names a published one to test instead of what was
/// built beside the tests. One use; the process is killed when this is disposed.
/// </summary>
internal sealed class ServeProcess : IAsyncDisposable
{
    private static readonly TimeSpan ReadyLimit = TimeSpan.FromSeconds(30);
    private readonly Process _process;
    private readonly List<string> _errors = [];
    private readonly long _started;

    private ServeProcess(Process process)
    {
        _process = process;
        _started = Stopwatch.GetTimestamp();
    }

    /// <summary>The port of the ready line.</summary>
    public int Port { get; private set; }

    /// <summary>The message of the error it ended with, where it said so in JSON; null before.</summary>
    public string? Failure { get; private set; }

    /// <summary>From the start of the process to its ready line.</summary>
    public TimeSpan TimeToReady { get; private set; }

    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return string.Join('\n', _errors);
            }
        }
    }

    /// <summary>Starts the executable; does not wait for anything.</summary>
    public static ServeProcess Start(params string[] arguments) => StartWith(null, arguments);

    /// <summary>Starts the executable with variables of its own; does not wait for anything.</summary>
    public static ServeProcess StartWith(IReadOnlyDictionary<string, string>? environment, params string[] arguments) =>
        StartWith(environment, null, arguments);

    /// <summary>Starts the executable in a shell that first runs <paramref name="before"/>, such as <c>ulimit -n 512</c>.</summary>
    public static ServeProcess StartAfter(string before, params string[] arguments) => StartWith(null, before, arguments);

    private static ServeProcess StartWith(IReadOnlyDictionary<string, string>? environment, string? before, string[] arguments)
    {
        string? published = Environment.GetEnvironmentVariable("LOGQUEUE_PROGRAM");
        string program = published ?? Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var start = new ProcessStartInfo(before is null ? program : "/bin/sh")
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
        };
        if (before is not null)
        {
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add(before + "; exec \"$0\" \"$@\""); // exec: the process that is signalled and killed is the program
            start.ArgumentList.Add(program);
        }

        if (published is null)
        {
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, Path.GetFileName(typeof(CommandLine).Assembly.Location)));
        }

        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach ((string name, string value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        var process = new Process { StartInfo = start };
        var serve = new ServeProcess(process);
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is not null)
            {
                lock (serve._errors)
                {
                    serve._errors.Add(line.Data);
                }
            }
        };
        process.Start();
        process.BeginErrorReadLine();
        return serve;
    }

    /// <summary>Starts <c>serve --output json</c> and waits for its ready line.</summary>
    public static async Task<ServeProcess> StartReadyAsync(string directory, int port, params string[] more)
    {
        ServeProcess serve = Start(["serve", "--port", $"{port}", "--data", directory, "--output", "json", .. more]);
        await serve.WaitReadyAsync();
        return serve;
    }

    /// <summary>Runs to the end and gives exit code and output.</summary>
    public static async Task<(int ExitCode, string Out, string Errors)> RunAsync(params string[] arguments)
    {
        await using ServeProcess serve = Start(arguments);
        return await serve.FinishAsync();
    }

    public async Task WaitReadyAsync()
    {
        if (!await TryWaitReadyAsync())
        {
            using var limit = new CancellationTokenSource(ReadyLimit);
            await _process.WaitForExitAsync(limit.Token);
            Assert.Fail($"serve ended with {_process.ExitCode} before it was ready: {Failure} {Errors}");
        }
    }

    /// <summary>Waits for the ready line; false when the process ends without one.</summary>
    public async Task<bool> TryWaitReadyAsync()
    {
        using var limit = new CancellationTokenSource(ReadyLimit);
        string? line = await _process.StandardOutput.ReadLineAsync(limit.Token);
        TimeToReady = Stopwatch.GetElapsedTime(_started);
        JsonNode? ready = line is null ? null : JsonNode.Parse(line);
        if ((bool?)ready?["ready"] != true)
        {
            Failure = ReadFailure(line);
            return false;
        }

        Port = (int)ready!["port"]!;
        return true;
    }

    /// <summary>SIGKILL: the process gets no chance to do anything more.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        using var limit = new CancellationTokenSource(ReadyLimit);
        await _process.WaitForExitAsync(limit.Token);
    }

    /// <summary>Sends a signal by name, for example TERM.</summary>
    public async Task SignalAsync(string name)
    {
        using var kill = Process.Start("kill", ["-" + name, $"{_process.Id}"]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Waits for the end; gives the rest of stdout.</summary>
    public async Task<(int ExitCode, string Out, string Errors)> FinishAsync()
    {
        using var limit = new CancellationTokenSource(ReadyLimit);
        string rest = await _process.StandardOutput.ReadToEndAsync(limit.Token);
        await _process.WaitForExitAsync(limit.Token);
        Failure ??= ReadFailure(rest);
        return (_process.ExitCode, rest, Errors);
    }

    private static string? ReadFailure(string? line) =>
        line?.StartsWith("{\"error\"", StringComparison.Ordinal) == true ? (string?)JsonNode.Parse(line)!["error"]!["message"] : null;

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }
}
