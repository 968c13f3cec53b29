using System.Globalization;

namespace LogQueue.Cli.Parsing;

/// <summary>Rates and speeds as people type them. Pure; thread-safe.</summary>
internal static class RateText
{
    /// <summary>Parses <c>500</c>, <c>500/s</c>, <c>50k/s</c>, <c>1.5M/s</c> as records a second.</summary>
    public static double ParsePerSecond(string text)
    {
        string number = text.EndsWith("/s", StringComparison.Ordinal) ? text[..^2] : text;
        double scale = number.EndsWith('k') ? 1e3 : number.EndsWith('M') ? 1e6 : 1;
        number = scale > 1 ? number[..^1] : number;
        return double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && value > 0
            ? value * scale
            : throw new CliException(ExitCode.Usage, "USAGE", $"'{text}' is no rate", "write for example 500/s or 50k/s");
    }

    /// <summary>Parses <c>10x</c> or <c>max</c> (infinity).</summary>
    public static double ParseSpeed(string text)
    {
        if (text == "max")
        {
            return double.PositiveInfinity;
        }

        string number = text.EndsWith('x') ? text[..^1] : text;
        return double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value)
            && value > 0
            ? value
            : throw new CliException(ExitCode.Usage, "USAGE", $"'{text}' is no speed", "write for example 10x, 0.5x or max");
    }
}
