using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;

namespace LogQueue.Interop.Tests;

/// <summary>A foreign client running as a process of its own: its lines as they come, its stdin, its end. Thread-safe.</summary>
internal sealed class ForeignProgram : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly StringBuilder _errors = new();
    private readonly Task _reading;

    private ForeignProgram(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadLinesAsync(), ReadErrorsAsync());
    }

    /// <summary>What it printed so far, a line each.</summary>
    public IReadOnlyList<string> Lines => [.. _lines];

    public string Errors
    {
        get
        {
            lock (_errors)
            {
                return _errors.ToString();
            }
        }
    }

    public bool HasExited => _process.HasExited;

    public static ForeignProgram Start(IReadOnlyList<string> command, string? workingDirectory = null, string heap = "192m")
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory ?? "",
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        };
        start.Environment["HEAP"] = heap;
        return new ForeignProgram(Process.Start(start)!);
    }

    /// <summary>Runs to the end and returns the lines; fails with its stderr when it exits otherwise than 0 or takes too long.</summary>
    public static async Task<IReadOnlyList<string>> RunAsync(IReadOnlyList<string> command, string? input = null, int timeoutMs = 60_000)
    {
        await using ForeignProgram program = Start(command);
        if (input is not null)
        {
            await program._process.StandardInput.WriteAsync(input);
        }

        program._process.StandardInput.Close();
        await program.WaitForExitAsync(timeoutMs);
        Assert.True(program._process.ExitCode == 0, $"`{string.Join(' ', command)}` exited {program._process.ExitCode}:\n{program.Errors}");
        return program.Lines;
    }

    public async Task WriteAsync(string text)
    {
        await _process.StandardInput.WriteAsync(text);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Asks it to leave: end of its stdin, then (for programs that do not read it) SIGTERM.</summary>
    public async Task<int> LeaveAsync(bool terminate, int timeoutMs = 30_000)
    {
        _process.StandardInput.Close();
        if (terminate)
        {
            using Process kill = Process.Start("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
            await kill.WaitForExitAsync();
        }

        await WaitForExitAsync(timeoutMs);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        await _reading;
        _process.Dispose();
    }

    private async Task WaitForExitAsync(int timeoutMs)
    {
        using var timeout = new CancellationTokenSource(timeoutMs);
        try
        {
            await _process.WaitForExitAsync(timeout.Token);
            await _reading;
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)} still ran after {timeoutMs} ms; "
                + $"{_lines.Count} lines, last: {_lines.LastOrDefault()}\n{Errors}");
        }
    }

    private async Task ReadLinesAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            _lines.Enqueue(line);
        }
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            lock (_errors)
            {
                _errors.AppendLine(line);
            }
        }
    }
}
