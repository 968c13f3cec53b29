using System.Diagnostics;

namespace LogQueue.Server.Tests.Disk;

/// <summary>
/// Programs of the system. One that is missing skips the test with the reason; LOGQUEUE_REQUIRE_PEERS=1 makes it fail instead. Stateless.
/// </summary>
internal static class Tool
{
    private static readonly string[] Folders =
        [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator), "/usr/sbin", "/sbin"];

    public static void Require(string program, string package)
    {
        if (Find(program) is not null)
        {
            return;
        }

        string reason = $"{program} is not on this machine (apt-get install {package})";
        if (Environment.GetEnvironmentVariable("LOGQUEUE_REQUIRE_PEERS") == "1")
        {
            Assert.Fail(reason + "; LOGQUEUE_REQUIRE_PEERS=1 asks for it");
        }

        Assert.Skip(reason);
    }

    /// <summary>Runs a program to its end; gives what it wrote, or throws with what it said.</summary>
    public static string Run(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Find(program) ?? program)
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output
            : throw new IOException($"{program} {string.Join(' ', start.ArgumentList)}: exit {process.ExitCode}: {errors.Result}{output}");
    }

    private static string? Find(string program) =>
        Folders.Where(static folder => folder.Length > 0).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
