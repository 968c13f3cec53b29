using System.Globalization;
using System.Text.RegularExpressions;

namespace LogQueue.Cli.Parsing;

/// <summary>Times and durations as people type them. Pure; thread-safe.</summary>
internal static partial class TimeText
{
    private static readonly long LatestMs = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>Parses RFC 3339, seconds or milliseconds since 1970, or a time before now such as <c>-15m</c> or <c>-1d12h</c>.</summary>
    public static bool TryParseTime(string text, DateTimeOffset now, out DateTimeOffset time)
    {
        if (text.StartsWith('-') && TryParseDuration(text[1..], out TimeSpan ago) && ago <= now - DateTimeOffset.MinValue)
        {
            time = now - ago;
            return true;
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
        {
            // Until the year 5138 a number of seconds has at most eleven digits.
            bool isInRange = number <= LatestMs;
            time = !isInRange ? default
                : number < 100_000_000_000 ? DateTimeOffset.FromUnixTimeSeconds(number) : DateTimeOffset.FromUnixTimeMilliseconds(number);
            return isInRange;
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
    }

    /// <summary>Parses <c>90s</c>, <c>15m</c>, <c>1h30m</c>, <c>7d</c>, <c>250ms</c>.</summary>
    public static bool TryParseDuration(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        Match match = Parts().Match(text);
        if (!match.Success || text.Length == 0)
        {
            return false;
        }

        double milliseconds = 0;
        foreach (Capture part in match.Groups["part"].Captures)
        {
            int unitAt = part.Value.AsSpan().IndexOfAnyExceptInRange('0', '9');
            double count = double.Parse(part.Value.AsSpan(0, unitAt), CultureInfo.InvariantCulture);
            milliseconds += count * part.Value[unitAt..] switch
            {
                "ms" => 1,
                "s" => 1_000,
                "m" => 60_000,
                "h" => 3_600_000,
                _ => 86_400_000,
            };
        }

        bool isInRange = milliseconds < TimeSpan.MaxValue.TotalMilliseconds;
        duration = isInRange ? TimeSpan.FromMilliseconds(milliseconds) : TimeSpan.Zero;
        return isInRange;
    }

    [GeneratedRegex("^(?<part>[0-9]{1,9}(ms|s|m|h|d))+\\z")]
    private static partial Regex Parts();
}
