using System.Globalization;
using System.Runtime.InteropServices;

namespace LogQueue.EngineBench.Reporting;

/// <summary>What the figures were taken on. Stateless.</summary>
internal static class BenchMachine
{
    /// <summary>Name and value, for the head of a report.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Describe(string directory, int pairs) =>
    [
        new("taken", TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture)),
        new("cores", Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture)),
        new("processor", LineOf("/proc/cpuinfo", "model name")),
        new("memory", LineOf("/proc/meminfo", "MemTotal")),
        new("kernel", $"{Environment.OSVersion.VersionString} ({RuntimeInformation.OSDescription})"),
        new("file system", new DriveInfo(Path.GetFullPath(directory)).DriveFormat),
        new("runtime", RuntimeInformation.FrameworkDescription),
        new("gc", System.Runtime.GCSettings.IsServerGC ? "server" : "workstation"),
        new("pairs", pairs.ToString(CultureInfo.InvariantCulture)),
        new("order", "control, subject, in turns; warm-up left out"),
    ];

    private static string LineOf(string file, string key) =>
        File.Exists(file)
            ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown"
            : "unknown";
}
