using System.Globalization;
using LogQueue.Client;

namespace LogQueue.Cli.Parsing;

/// <summary>
/// Places in a topic as people type them: <c>beginning</c>, <c>end</c>, <c>N</c>, <c>-N</c>, <c>@TIME</c>. Pure; thread-safe.
/// </summary>
internal static class PositionText
{
    public static StartPosition Parse(string text, DateTimeOffset now)
    {
        if (text is "beginning" or "earliest")
        {
            return StartPosition.Beginning;
        }

        if (text is "end" or "latest")
        {
            return StartPosition.End;
        }

        if (text.StartsWith('@') && TimeText.TryParseTime(text[1..], now, out DateTimeOffset time))
        {
            return StartPosition.Timestamp(time);
        }

        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) && number != long.MinValue)
        {
            return number < 0 ? StartPosition.FromEnd(-number) : StartPosition.Offset(number);
        }

        throw new CliException(
            ExitCode.Usage, "USAGE", $"'{text}' is no position",
                "write beginning, end, an offset, -N for the last N, @2026-01-31T12:00Z or @-15m");
    }
}
