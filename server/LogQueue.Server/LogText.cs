using System.Globalization;
using System.Text;

namespace LogQueue.Server;

/// <summary>Text from outside, made safe for a log line.</summary>
internal static class LogText
{
    private const int MostCharacters = 120;

    /// <summary>Escapes control characters and cuts what is too long.</summary>
    public static string Clean(string text)
    {
        if (text.Length <= MostCharacters && !text.Any(char.IsControl))
        {
            return text;
        }

        var clean = new StringBuilder();
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, MostCharacters)))
        {
            _ = char.IsControl(c) ? clean.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : clean.Append(c);
        }

        return text.Length > MostCharacters ? clean.Append('…').ToString() : clean.ToString();
    }
}
