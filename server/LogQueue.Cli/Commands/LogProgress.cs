using System.Globalization;
using LogQueue.Cli.Output;
using LogQueue.Engine.Inspection;

namespace LogQueue.Cli.Commands;

/// <summary>Shows how far a long look into files has come: a bar, bytes, rate, time left; on a terminal only. Stateless.</summary>
internal static class LogProgress
{
    private const int BarWidth = 30;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <summary>Waits for the work, and shows its progress once it has taken a second.</summary>
    public static async Task<T> ShowAsync<T>(Terminal terminal, string verb, InspectionProgress progress, Task<T> work)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (!work.IsCompleted)
        {
            await Task.WhenAny(work, Task.Delay(Interval, TimeProvider.System, CancellationToken.None));
            TimeSpan elapsed = TimeProvider.System.GetElapsedTime(started);
            if (!work.IsCompleted && elapsed > Patience)
            {
                terminal.Live(Line(verb, progress.ReadBytes, progress.TotalBytes, elapsed.TotalSeconds));
            }
        }

        terminal.ClearLive();
        return await work;
    }

    /// <summary>One line of progress.</summary>
    internal static string Line(string verb, long done, long total, double seconds)
    {
        double share = total <= 0 ? 0 : Math.Clamp((double)done / total, 0, 1);
        int filled = (int)(share * BarWidth);
        string bar = new string('=', filled) + (filled < BarWidth ? ">" : "");
        double rate = seconds <= 0 ? 0 : done / seconds;
        string left = rate <= 0 || done >= total ? "" : string.Create(CultureInfo.InvariantCulture, $"  {Math.Ceiling((total - done) / rate):0} s left");
        return string.Create(CultureInfo.InvariantCulture,
            $" {verb}  [{bar.PadRight(BarWidth)}] {share * 100:0} %  {Human.Bytes(done)}  {Human.Bytes(rate)}/s{left}");
    }
}
