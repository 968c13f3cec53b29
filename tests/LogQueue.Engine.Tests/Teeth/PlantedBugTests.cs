using System.Diagnostics;
using System.Reflection;
using System.Text.RegularExpressions;
using LogQueue.Storage;

namespace LogQueue.Engine.Tests.Teeth;

/// <summary>
/// The teeth of the tests: every member of <see cref="PlantedBug"/> is switched on in a build that has the switches, and the test that its
/// <see cref="FoundByAttribute"/> names must fail; without a bug it must pass. Prints the list.
/// </summary>
public sealed partial class PlantedBugTests
{
    private const string BugVariable = "LOGQUEUE_PLANTED_BUG";
    private static readonly TimeSpan MostTime = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task Every_planted_bug_is_found_by_the_test_that_it_names()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable(BugVariable) is { Length: > 0 }, "a planted bug is on: this is the run that has to find it");
        string root = FindRoot();
        (int code, string sdks) = await RunAsync(root, null, "--list-sdks");
        bool hasSdk = code == 0 && sdks.Length > 0 && root.Length > 0;
        Assert.SkipWhen(!hasSdk && Environment.GetEnvironmentVariable("CI") != "true", "the .NET SDK and the sources are needed to build the planted bugs");
        Assert.True(hasSdk, "No .NET SDK or no sources to build the planted bugs with.");

        PlantedBug[] bugs = [.. Enum.GetValues<PlantedBug>().Where(static b => b != PlantedBug.None)];
        Assert.True(bugs.Length >= 15);
        string folder = Directory.CreateTempSubdirectory("logqueue-teeth-").FullName;
        try
        {
            await BuildAsync(root, folder);
            string tests = Path.Combine(folder, "tests", "LogQueue.Engine.Tests.dll");
            string[] finders = [.. bugs.Select(FinderOf).Distinct().Order(StringComparer.Ordinal)];
            (int clean, string output) = await RunAsync(folder, null, [tests, .. finders.SelectMany(static f => new[] { "-method", "*." + f })]);
            Assert.True(clean == 0 && Totals().Match(output) is { Success: true } total && int.Parse(total.Groups["total"].Value) >= finders.Length,
                $"Without a bug the finding tests must pass, all of them:\n{output}");

            var lines = new string[bugs.Length];
            var survivors = new List<string>();
            await Parallel.ForAsync(0, bugs.Length, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, async (i, _) =>
            {
                string finder = FinderOf(bugs[i]);
                (int result, string told) = await RunAsync(folder, bugs[i], tests, "-method", "*." + finder);
                bool isFound = result != 0 && Totals().Match(told) is { Success: true } t && t.Groups["failed"].Value != "0";
                lines[i] = $"{bugs[i],-28} {finder,-75} {(isFound ? "found" : "SURVIVED")}";
                if (!isFound)
                {
                    lock (survivors)
                    {
                        survivors.Add($"{bugs[i]} survived {finder}:\n{told}");
                    }
                }
            });
            Console.WriteLine(string.Join('\n', lines));
            Assert.True(survivors.Count == 0, string.Join('\n', survivors));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [GeneratedRegex(@"Total: (?<total>\d+), Errors: \d+, Failed: (?<failed>\d+)")]
    private static partial Regex Totals();

    private static string FinderOf(PlantedBug bug) =>
        typeof(PlantedBug).GetField(bug.ToString())!.GetCustomAttribute<FoundByAttribute>()?.Test
            ?? throw new InvalidOperationException($"PlantedBug.{bug} names no test: add [FoundBy(\"Class.Method\")].");

    /// <summary>The tests as they are, on engine assemblies that have the switches.</summary>
    private static async Task BuildAsync(string root, string folder)
    {
        string artifacts = Path.Combine(folder, "artifacts");
        (int code, string output) = await RunAsync(root, null, "build", "engine/LogQueue.Engine", "-c", "Release", "-p:PlantedBugs=true",
            "-p:RunAnalyzers=false", "--artifacts-path", artifacts, "-nologo", "-v", "q", "--disable-build-servers");
        Assert.True(code == 0, output);
        string tests = Path.Combine(folder, "tests");
        foreach (string file in Directory.EnumerateFiles(AppContext.BaseDirectory, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(tests, Path.GetRelativePath(AppContext.BaseDirectory, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        foreach (string built in Directory.EnumerateFiles(Path.Combine(artifacts, "bin", "LogQueue.Engine", "release"), "LogQueue.*.dll"))
        {
            File.Copy(built, Path.Combine(tests, Path.GetFileName(built)), overwrite: true);
        }
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "LogQueue.sln")))
            {
                return at.FullName;
            }
        }

        return "";
    }

    private static async Task<(int Code, string Output)> RunAsync(string directory, PlantedBug? bug, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = directory.Length > 0 ? directory : AppContext.BaseDirectory,
        };
        start.Environment[BugVariable] = bug?.ToString() ?? "None";
        start.Environment.Remove("LOGQUEUE_LONG");
        try
        {
            using Process process = Process.Start(start)!;
            using var timeout = new CancellationTokenSource(MostTime);
            Task<string> output = process.StandardOutput.ReadToEndAsync(timeout.Token);
            Task<string> errors = process.StandardError.ReadToEndAsync(timeout.Token);
            try
            {
                await process.WaitForExitAsync(timeout.Token);
                return (process.ExitCode, await output + await errors);
            }
            catch (OperationCanceledException)
            {
                process.Kill(entireProcessTree: true);
                return (-1, $"{string.Join(' ', arguments)} did not end within {MostTime}.");
            }
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (-1, e.Message);
        }
    }
}
