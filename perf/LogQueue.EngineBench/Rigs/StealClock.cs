using System.Globalization;

namespace LogQueue.EngineBench.Rigs;

/// <summary>
/// How much of the time the host kept the processors to itself, from /proc/stat; 0 where there is no such file. Immutable.
/// </summary>
internal readonly record struct StealClock(long StealTicks, long AllTicks)
{
    /// <summary>The share since the start.</summary>
    public double Share
    {
        get
        {
            StealClock now = Start();
            return now.AllTicks == AllTicks ? 0 : (now.StealTicks - StealTicks) / (double)(now.AllTicks - AllTicks);
        }
    }

    /// <summary>Reads the clock.</summary>
    public static StealClock Start()
    {
        if (!File.Exists("/proc/stat"))
        {
            return default;
        }

        // cpu user nice system idle iowait irq softirq steal ...
        long[] ticks = [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1)
            .Select(static word => long.Parse(word, CultureInfo.InvariantCulture))];
        return new StealClock(ticks.Length > 7 ? ticks[7] : 0, ticks.Take(8).Sum());
    }
}
