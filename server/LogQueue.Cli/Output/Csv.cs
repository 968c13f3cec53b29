using System.Text;

namespace LogQueue.Cli.Output;

/// <summary>Comma-separated values (RFC 4180). Pure; thread-safe.</summary>
internal static class Csv
{
    public static string Line(IEnumerable<string> cells) => string.Join(',', cells.Select(Quote));

    /// <summary>Longest record of several lines, in characters: a quote that nothing closes must not swallow a file.</summary>
    private const int MostRecordChars = 16 << 20;

    /// <summary>
    /// Reads one record: a line, and those after it while a quoted cell goes on. Null at the end of the input.
    /// </summary>
    /// <param name="input">Where from.</param>
    /// <returns>The text, and how many lines it took.</returns>
    /// <exception cref="FormatException">The input ends, or a record grows too long, inside a quoted cell.</exception>
    public static async ValueTask<(string? Text, int LineCount)> ReadAsync(TextReader input)
    {
        string? line = await input.ReadLineAsync();
        if (line is null || !EndsInQuotes(line, isQuoted: false))
        {
            return (line, 1);
        }

        var record = new StringBuilder(line);
        bool isQuoted = true;
        int lineCount = 1;
        while (isQuoted)
        {
            line = record.Length > MostRecordChars ? null : await input.ReadLineAsync();
            if (line is null)
            {
                throw new FormatException("a quoted cell begins here and is never closed");
            }

            record.Append('\n').Append(line);
            isQuoted = EndsInQuotes(line, isQuoted);
            lineCount++;
        }

        return (record.ToString(), lineCount);
    }

    /// <summary>Splits one record into its cells; a quoted cell may hold commas, line breaks and doubled quotes.</summary>
    public static List<string> Split(string line)
    {
        var cells = new List<string>();
        var cell = new StringBuilder();
        bool quoted = false;
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            if (quoted)
            {
                if (c != '"')
                {
                    cell.Append(c);
                }
                else if (i + 1 < line.Length && line[i + 1] == '"')
                {
                    cell.Append('"');
                    i++;
                }
                else
                {
                    quoted = false;
                }
            }
            else if (c == '"' && cell.Length == 0)
            {
                quoted = true;
            }
            else if (c == ',')
            {
                cells.Add(cell.ToString());
                cell.Clear();
            }
            else
            {
                cell.Append(c);
            }
        }

        cells.Add(cell.ToString());
        return cells;
    }

    private static bool EndsInQuotes(string line, bool isQuoted)
    {
        bool isCellStart = true;
        foreach (char c in line)
        {
            if (c == '"' && (isQuoted || isCellStart))
            {
                // A doubled quote closes and opens again: the cell goes on either way.
                isQuoted = !isQuoted;
                isCellStart = !isQuoted;
            }
            else
            {
                isCellStart = !isQuoted && c == ',';
            }
        }

        return isQuoted;
    }

    private static string Quote(string cell) =>
        cell.AsSpan().ContainsAny(",\"\n\r") ? $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : cell;
}
