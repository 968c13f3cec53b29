using System.Globalization;
using System.Text.RegularExpressions;

namespace LogQueue.Cli.Parsing;

/// <summary>Times and durations as people type them. Pure; thread-safe.</summary>
internal static partial class TimeText
{
    /// <summary>Parses RFC 3339, seconds or milliseconds since 1970, or a time before now such as <c>-15m</c> or <c>-1d12h</c>.</summary>
    public static bool TryParseTime(string text, DateTimeOffset now, out DateTimeOffset time)
    {
        if (text.StartsWith('-') && TryParseDuration(text[1..], out TimeSpan ago))
        {
            time = now - ago;
            return true;
        }

        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
        {
            // Until the year 5138 a number of seconds has at most eleven digits.
            time = number < 100_000_000_000 ? DateTimeOffset.FromUnixTimeSeconds(number) : DateTimeOffset.FromUnixTimeMilliseconds(number);
            return true;
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

        foreach (Capture part in match.Groups["part"].Captures)
        {
            int unitAt = part.Value.AsSpan().IndexOfAnyExceptInRange('0', '9');
            double count = double.Parse(part.Value.AsSpan(0, unitAt), CultureInfo.InvariantCulture);
            duration += part.Value[unitAt..] switch
            {
                "ms" => TimeSpan.FromMilliseconds(count),
                "s" => TimeSpan.FromSeconds(count),
                "m" => TimeSpan.FromMinutes(count),
                "h" => TimeSpan.FromHours(count),
                _ => TimeSpan.FromDays(count),
            };
        }

        return true;
    }

    [GeneratedRegex("^(?<part>[0-9]{1,9}(ms|s|m|h|d))+$")]
    private static partial Regex Parts();
}
