namespace LogQueue.Server.Config;

/// <summary>Reads Java's <c>.properties</c> form as far as configuration files use it. Pure functions.</summary>
internal static class PropertiesFile
{
    /// <summary>The settings of a text, in order; comments and empty lines left out.</summary>
    /// <param name="text">The content of the file.</param>
    /// <param name="problems">Lines that are no setting are added here.</param>
    public static IEnumerable<KeyValuePair<string, string>> Parse(string text, ICollection<string> problems)
    {
        string[] lines = text.ReplaceLineEndings("\n").Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            int number = i + 1;
            string line = lines[i].Trim();
            while (line.EndsWith('\\') && i + 1 < lines.Length)
            {
                line = line[..^1] + lines[++i].Trim();
            }

            if (line.Length == 0 || line[0] is '#' or '!')
            {
                continue;
            }

            int split = line.IndexOfAny(['=', ':']);
            if (split <= 0)
            {
                problems.Add($"Line {number} is no setting: '{LogText.Clean(line)}'. Write key=value.");
                continue;
            }

            yield return new KeyValuePair<string, string>(line[..split].Trim(), line[(split + 1)..].Trim());
        }
    }
}
