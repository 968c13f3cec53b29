using System.Diagnostics;
using System.Globalization;
using LogQueue.Cli.Output;

namespace LogQueue.Cli.Demo;

/// <summary>Prints what a run found: sensors, daily means, proofs, the four figures, what to try next.</summary>
internal sealed class DemoReport(Terminal terminal, DemoFacts facts, LiveTail tail, DailyMeans means, string address, string dataDirectory)
{
    private const int SparkWidth = 32;

    public void Print()
    {
        terminal.Out.WriteLine();
        terminal.Table(["SENSOR", "READINGS", "LAST", "MIN", "MEAN", "MAX", "UNIT", "COURSE"],
            [.. tail.Sensors().Select(static s => Row(s.Key, s.Value))], []);
        terminal.Out.WriteLine();
        string[][] days = [.. tail.Sensors().Select(s => (s.Key, Days: means.Of(s.Key))).Where(static s =>
            s.Days.Count > 0).Select(static s => new[]
        {
            s.Key, Human.Count(s.Days.Count), Human.Number(s.Days[^1]), Human.Number(s.Days.Min()), Human.Number(s.Days.Max()),
                Human.Sparkline(s.Days, SparkWidth),
        })];
        terminal.Table(["DAILY MEAN OF", "DAYS", "LAST", "MIN", "MAX", "COURSE"], days, []);
        terminal.Out.WriteLine();
        terminal.Table(["PROOF", "HELD", "DETAIL"], [.. facts.Checks.Select(static c =>
            new[] { c.Name, c.Held ? "yes" : "NO", c.Detail })], []);
        terminal.Out.WriteLine();
        terminal.Table(["FIGURE", "VALUE"], Figures(), []);
        terminal.Out.WriteLine();
        terminal.Out.WriteLine($"files    {Path.GetFullPath(dataDirectory)}  (segments in weather-0/ and so on; the next run adds to them)");
        terminal.Out.WriteLine("next     logqueue serve --data " + dataDirectory);
        terminal.Out.WriteLine("         logqueue consume weather -o -5 -n 5");
        terminal.Out.WriteLine("         logqueue replay weather --from beginning --speed 1000000x");
        if (terminal.IsRich)
        {
            terminal.Out.WriteLine($"         (this broker was on {address})");
        }
    }

    private static string[] Row(string name, SensorStatistics s) =>
    [
        name, Human.Count(s.Count), Human.Number(s.Last), Human.Number(s.Min), Human.Number(s.Mean), Human.Number(s.Max), s.Unit,
            Human.Sparkline(s.Values, SparkWidth),
    ];

    private List<string[]> Figures()
    {
        TimeSpan wall = TimeProvider.System.GetElapsedTime(facts.StartTimestamp, facts.EndTimestamp);
        using Process process = Process.GetCurrentProcess();
        double cores = (process.TotalProcessorTime - facts.CpuAtStart) / wall;
        long disk = new DirectoryInfo(dataDirectory).EnumerateFiles("*", SearchOption.AllDirectories).Sum(static f => f.Length);
        BurstResult burst = facts.Burst;
        return
        [
            ["throughput", string.Create(CultureInfo.InvariantCulture,
                $"{burst.Sent / burst.Took.TotalSeconds:N0} records/s, {burst.Bytes / burst.Took.TotalSeconds / 1e6:0.0} MB/s sent, synced and received (acks=all, {burst.Bytes / Math.Max(1, burst.Sent)} B records)")],
            ["latency", $"p50 {Human.Milliseconds(tail.LatencyMs(50))}, p99 {Human.Milliseconds(tail.LatencyMs(99))} from send to received, synced to disk on the way"],
            ["queue length", $"{Human.Count(facts.MostLag)} records at most while streaming, {Human.Count(facts.FinalLag)} at the end ({Human.Count(burst.MostLag)} in the burst)"],
            ["load", string.Create(CultureInfo.InvariantCulture,
                $"{cores:0.0} of {Environment.ProcessorCount} cores, {Human.Bytes(process.WorkingSet64)} memory, {Human.Bytes(disk)} on disk; broker, clients and streams in one process")],
            ["LZ4 ratio", string.Create(CultureInfo.InvariantCulture,
                $"{facts.PayloadBytes / (double)Math.Max(1, facts.SentStoredBytes):0.0} : 1 ({Human.Bytes(facts.PayloadBytes)} of keys and values in {Human.Bytes(facts.SentStoredBytes)} of segments)")],
            ["total time", string.Create(CultureInfo.InvariantCulture, $"{wall.TotalSeconds:0.0} s")],
        ];
    }
}
