using System.Globalization;

namespace LogQueue.Cli.Demo;

/// <summary>
/// Reads this machine's own sensors from the kernel: load of each core, memory, disk and network rates, temperatures where there are any.
/// Where the kernel offers none of it, the process's own memory and CPU time stand in. Not thread-safe.
/// </summary>
internal sealed class MachineSensors(TimeProvider time)
{
    private readonly Dictionary<string, (double Total, double Busy)> _cores = [];
    private readonly Dictionary<string, (double Value, long Timestamp)> _counters = [];

    /// <summary>Takes one sample of every sensor. Rates need two samples, so the first has fewer readings.</summary>
    public List<SensorReading> Sample()
    {
        DateTimeOffset now = time.GetUtcNow();
        var readings = new List<SensorReading>();
        AddCores(readings, now);
        AddMemory(readings, now);
        AddRates(readings, now);
        AddTemperatures(readings, now);
        if (readings.Count == 0)
        {
            readings.Add(new SensorReading("process/memory", Environment.WorkingSet / 1048576.0, "MiB", now));
        }

        return readings;
    }

    private static IEnumerable<string> Lines(string path) => File.Exists(path) ? File.ReadLines(path) : [];

    private static string[] Words(string line) => line.Split((char[])[' ', '\t', ':'], StringSplitOptions.RemoveEmptyEntries);

    private static double Number(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
        ? value : 0;

    private static void AddMemory(List<SensorReading> readings, DateTimeOffset now)
    {
        var memory = Lines("/proc/meminfo").Select(Words).Where(static w => w.Length >= 2).ToDictionary(static w => w[0], static w =>
            Number(w[1]) / 1024);
        if (memory.TryGetValue("MemTotal", out double total) && memory.TryGetValue("MemAvailable", out double available))
        {
            readings.Add(new SensorReading("memory/used", total - available, "MiB", now));
        }
    }

    private static void AddTemperatures(List<SensorReading> readings, DateTimeOffset now)
    {
        if (!Directory.Exists("/sys/class/thermal"))
        {
            return;
        }

        foreach (string zone in Directory.EnumerateDirectories("/sys/class/thermal", "thermal_zone*"))
        {
            string file = Path.Combine(zone, "temp");
            if (File.Exists(file))
            {
                readings.Add(new SensorReading("temperature/" + Path.GetFileName(zone), Number(File.ReadAllText(file).Trim()) / 1000, "°C",
                    now));
            }
        }
    }

    private void AddCores(List<SensorReading> readings, DateTimeOffset now)
    {
        foreach (string[] words in Lines("/proc/stat").Where(static l => l.StartsWith("cpu", StringComparison.Ordinal)
            && char.IsDigit(l[3])).Select(Words))
        {
            double[] ticks = [.. words.Skip(1).Select(Number)];
            double total = ticks.Take(8).Sum();
            double busy = total - ticks[3] - ticks[4];
            if (_cores.TryGetValue(words[0], out (double Total, double Busy) last) && total > last.Total)
            {
                readings.Add(new SensorReading($"cpu/{words[0][3..]}", 100 * (busy - last.Busy) / (total - last.Total), "%", now));
                _cores[words[0]] = (total, busy);
            }
            else
            {
                _cores.TryAdd(words[0], (total, busy));
            }
        }
    }

    private void AddRates(List<SensorReading> readings, DateTimeOffset now)
    {
        double readBytes = 0;
        double writtenBytes = 0;
        foreach (string[] words in Lines("/proc/diskstats").Select(Words).Where(static w => w.Length > 9
            && !w[2].StartsWith("loop", StringComparison.Ordinal)))
        {
            readBytes += Number(words[5]) * 512;
            writtenBytes += Number(words[9]) * 512;
        }

        double received = 0;
        double sent = 0;
        foreach (string[] words in Lines("/proc/net/dev").Select(Words).Where(static w => w.Length > 9 && w[1] != "|bytes"))
        {
            received += Number(words[1]);
            sent += Number(words[9]);
        }

        AddRate(readings, "disk/read", readBytes, now);
        AddRate(readings, "disk/written", writtenBytes, now);
        AddRate(readings, "network/received", received, now);
        AddRate(readings, "network/sent", sent, now);
    }

    private void AddRate(List<SensorReading> readings, string sensor, double counter, DateTimeOffset now)
    {
        long timestamp = time.GetTimestamp();
        if (_counters.TryGetValue(sensor, out (double Value, long Timestamp) last))
        {
            readings.Add(new SensorReading(sensor, (counter - last.Value) / 1024 / time.GetElapsedTime(last.Timestamp,
                timestamp).TotalSeconds, "KiB/s", now));
        }

        _counters[sensor] = (counter, timestamp);
    }
}
