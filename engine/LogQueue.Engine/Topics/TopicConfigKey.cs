using System.Globalization;

namespace LogQueue.Engine.Topics;

/// <summary>One topic setting. Immutable.</summary>
public sealed record TopicConfigKey
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its type.</summary>
    public required TopicConfigType Type { get; init; }

    /// <summary>Kafka's default, as text.</summary>
    public required string Default { get; init; }

    /// <summary>What it does here, for people.</summary>
    public required string Doc { get; init; }

    /// <summary>The broker setting that gives its default, such as <c>log.retention.ms</c>; null when there is none.</summary>
    public string? BrokerKey { get; init; }

    /// <summary>Smallest number; null when unbounded or no number.</summary>
    public double? Min { get; init; }

    /// <summary>Largest number; null when unbounded or no number.</summary>
    public double? Max { get; init; }

    /// <summary>Allowed words; empty when any text goes.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>What is wrong with a value, in words; null when it is good.</summary>
    public string? Problem(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return Type switch
        {
            TopicConfigType.Boolean => IsBoolean(value) ? null : Wrong(value, "true or false"),
            TopicConfigType.Int or TopicConfigType.Long => WholeNumberProblem(value),
            TopicConfigType.Double => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
                && number >= Min && number <= Max ? null : Wrong(value, $"a number from {Text(Min)} to {Text(Max)}"),
            TopicConfigType.List when Words.Count > 0 => SplitList(value).All(Words.Contains)
                ? null : Wrong(value, "a list of " + string.Join(", ", Words)),
            TopicConfigType.String when Words.Count > 0 => Words.Contains(value) ? null
                : Wrong(value, "one of " + string.Join(", ", Words)),
            _ => null,
        };
    }

    /// <summary>The words of a list value.</summary>
    internal static string[] SplitList(string value) =>
        value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static bool IsBoolean(string value) =>
        value.Equals("true", StringComparison.OrdinalIgnoreCase) || value.Equals("false", StringComparison.OrdinalIgnoreCase);

    private static string Text(double? number) => (number ?? 0).ToString("0.############", CultureInfo.InvariantCulture);

    private string? WholeNumberProblem(string value)
    {
        bool isNumber = long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number);
        bool inRange = isNumber && number >= Min && (Max >= long.MaxValue || number <= Max);
        if (inRange && Name == "compression.gzip.level" && number == 0)
        {
            inRange = false;
        }

        return inRange ? null : Wrong(value, Max >= long.MaxValue ? $"a whole number from {Text(Min)} on"
            : $"a whole number from {Text(Min)} to {Text(Max)}");
    }

    private string Wrong(string value, string wanted) => $"Topic setting '{Name}' cannot be '{value}': it must be {wanted}.";
}
