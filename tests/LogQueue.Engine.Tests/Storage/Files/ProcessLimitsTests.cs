using System.Globalization;
using LogQueue.Storage.Files;

namespace LogQueue.Engine.Tests.Storage.Files;

public sealed class ProcessLimitsTests
{
    [Fact]
    public void The_soft_limit_of_open_files_is_raised_to_the_hard_one()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("/proc tells the limits on Linux only");
        }

        int limit = ProcessLimits.RaiseOpenFiles();
        string[] words = File.ReadLines("/proc/self/limits").Single(static l => l.StartsWith("Max open files", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(words[3], words[4]);
        long system = words[3] == "unlimited" ? long.MaxValue : long.Parse(words[3], CultureInfo.InvariantCulture);
        Assert.Equal(Math.Min(system, 1 << 20), limit);
    }

    [Fact]
    public void The_number_of_maps_is_the_kernels()
    {
        int expected = File.Exists("/proc/sys/vm/max_map_count")
            ? int.Parse(File.ReadAllText("/proc/sys/vm/max_map_count"), CultureInfo.InvariantCulture) : 65_530;
        Assert.Equal(expected, ProcessLimits.MapCount());
    }
}
