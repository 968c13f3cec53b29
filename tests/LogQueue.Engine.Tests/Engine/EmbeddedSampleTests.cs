using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace LogQueue.Engine.Tests.Engine;

/// <summary>The engine published with NativeAOT inside another program, and run: no warning of the trimmer, and the same results.</summary>
public sealed partial class EmbeddedSampleTests
{
    [GeneratedRegex(@"\bIL[23]\d{3}\b[^\n]*")]
    private static partial Regex TrimWarning();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_engine_is_published_with_NativeAOT_without_a_warning_and_works()
    {
        string? linker = new[] { "clang", "gcc" }.FirstOrDefault(OnPath);
        Require(OperatingSystem.IsLinux() && linker is not null, "A linker for NativeAOT is not on this machine (apt-get install gcc).");
        using var directory = new TemporaryDirectory();
        string program = Path.Combine(directory.Path, "out", "LogQueue.EmbeddedSample");

        // Everything that the build writes goes beside the tree: other builds of it may be running.
        (int code, string text) = await RunAsync(
            "dotnet", TimeSpan.FromMinutes(8), "publish", Path.Combine(Sources.Root, "tests/LogQueue.EmbeddedSample"), "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier,
            $"-p:EmbeddedSampleBinaries={AppContext.BaseDirectory.TrimEnd('/')}", "-p:RunAnalyzers=false", "-p:TrimmerSingleWarn=false", "-p:TreatWarningsAsErrors=false", $"-p:CppCompilerAndLinker={linker}",
            "-nologo", "-v", "quiet", "--artifacts-path", Path.Combine(directory.Path, "artifacts"), "-o", Path.GetDirectoryName(program)!);
        Require(
            code == 0 || !text.Contains("ILCompiler", StringComparison.OrdinalIgnoreCase) || !text.Contains("NU110", StringComparison.Ordinal),
            $"The NativeAOT compiler's package could not be restored: {text}");
        Assert.True(code == 0, text);
        Assert.Empty(TrimWarning().Matches(text).Select(static m => m.Value));

        (code, text) = await RunAsync(program, TimeSpan.FromMinutes(1), Path.Combine(directory.Path, "data"));
        Assert.True(code == 0, text);
        string[] codecs = ["producer", "uncompressed", "gzip", "snappy", "zstd"];
        IEnumerable<string> expected = new[] { 0, 1 }.SelectMany(round => codecs.Select(codec =>
            string.Create(CultureInfo.InvariantCulture, $"{codec} {(round * 101) + 50} {(round + 1) * 101} {Enumerable.Range(50, 50).Sum(static i => 20.0 + i)} True")));
        Assert.Equal([.. expected, "appended True"], text.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static void Require(bool present, string reason)
    {
        if (!present)
        {
            if (Environment.GetEnvironmentVariable("LOGQUEUE_REQUIRE_PEERS") == "1")
            {
                Assert.Fail(reason + " LOGQUEUE_REQUIRE_PEERS=1 asks for it.");
            }

            Assert.Skip(reason);
        }
    }

    private static bool OnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, program)));

    private static async Task<(int Code, string Text)> RunAsync(string program, TimeSpan atMost, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };

        // Build servers that this build would leave behind keep the test's folder and its process's pipes.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["UseSharedCompilation"] = "false";
        using Process process = Process.Start(start)!;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        deadline.CancelAfter(atMost);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            Task<string> errors = process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, await output + await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }
}
