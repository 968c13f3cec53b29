using System.Globalization;
using System.Text;

namespace LogQueue.Cli.Output;

/// <summary>Numbers as people read them. Pure; thread-safe.</summary>
internal static class Human
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];
    private static readonly string Blocks = "▁▂▃▄▅▆▇█";

    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    public static string Bytes(double value)
    {
        int unit = 0;
        for (; Math.Abs(value) >= 1024 && unit < Units.Length - 1; unit++)
        {
            value /= 1024;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {Units[unit]}");
    }

    public static string Number(double value) => Math.Abs(value) switch
    {
        >= 100_000 => value.ToString("N0", CultureInfo.InvariantCulture),
        >= 100 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.00", CultureInfo.InvariantCulture),
    };

    public static string Milliseconds(double value) => string.Create(CultureInfo.InvariantCulture, $"{value:0.00} ms");

    public static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'",
        CultureInfo.InvariantCulture);

    /// <summary>A line of bars, at most <paramref name="width"/> wide; each bar is the mean of its share of the values.</summary>
    public static string Sparkline(IReadOnlyList<double> values, int width)
    {
        if (values.Count == 0)
        {
            return "";
        }

        int bars = Math.Min(width, values.Count);
        double[] means = [.. Enumerable.Range(0, bars).Select(i =>
        {
            int from = i * values.Count / bars;
            int to = Math.Max(from + 1, (i + 1) * values.Count / bars);
            return values.Skip(from).Take(to - from).Average();
        })];
        double low = means.Min();
        double span = means.Max() - low;
        var line = new StringBuilder(bars);
        foreach (double mean in means)
        {
            line.Append(Blocks[span <= 0 ? 0 : (int)Math.Round((mean - low) / span * (Blocks.Length - 1))]);
        }

        return line.ToString();
    }
}
