using System.Globalization;

namespace LogQueue.Server.Config;

/// <summary>Settings as text, read by type; what cannot be read is collected as problems. Not thread-safe.</summary>
internal sealed class ConfigValues
{
    private readonly IReadOnlyDictionary<string, string> _values;

    /// <summary>Reads <paramref name="values"/>.</summary>
    public ConfigValues(IReadOnlyDictionary<string, string> values) => _values = values;

    /// <summary>What could not be read, in words.</summary>
    public List<string> Problems { get; } = [];

    /// <summary>The text of a setting, or null.</summary>
    public string? Text(string key) => _values.TryGetValue(key, out string? value) && value.Length > 0 ? value : null;

    /// <summary>A whole number of 32 bits.</summary>
    public int Int(string key, int fallback, int least = 0, int most = int.MaxValue) => (int)Long(key, fallback, least, most);

    /// <summary>A whole number.</summary>
    public long Long(string key, long fallback, long least = 0, long most = long.MaxValue)
    {
        if (Text(key) is not { } text)
        {
            return fallback;
        }

        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number) && number >= least
            && number <= most)
        {
            return number;
        }

        Problems.Add($"{key}={text}: a whole number from {least} to {most} is needed.");
        return fallback;
    }

    /// <summary>A duration in milliseconds.</summary>
    public TimeSpan Milliseconds(string key, TimeSpan fallback) =>
        TimeSpan.FromMilliseconds(Long(key, (long)fallback.TotalMilliseconds, 1, int.MaxValue));

    /// <summary>A number above 0, whole or not.</summary>
    public double Number(string key, double fallback)
    {
        if (Text(key) is not { } text)
        {
            return fallback;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && number > 0)
        {
            return number;
        }

        Problems.Add($"{key}={text}: a number above 0 is needed.");
        return fallback;
    }

    /// <summary>true or false.</summary>
    public bool Flag(string key, bool fallback)
    {
        if (Text(key) is not { } text)
        {
            return fallback;
        }

        if (bool.TryParse(text, out bool flag))
        {
            return flag;
        }

        Problems.Add($"{key}={text}: true or false is needed.");
        return fallback;
    }

    /// <summary>One of several words.</summary>
    public string Word(string key, params string[] words)
    {
        string text = Text(key) ?? words[0];
        if (words.Contains(text, StringComparer.OrdinalIgnoreCase))
        {
            return text.ToLowerInvariant();
        }

        Problems.Add($"{key}={text}: one of {string.Join(", ", words)} is needed.");
        return words[0];
    }
}
