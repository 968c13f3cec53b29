using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using LogQueue.Cli.Output;
using LogQueue.Cli.Parsing;
using LogQueue.Client;

namespace LogQueue.Cli.Commands;

/// <summary>Records from stdin or from a CSV or NDJSON file, one a line. Not thread-safe.</summary>
internal static class RecordSource
{
    public static async IAsyncEnumerable<OutgoingRecord> ReadLinesAsync(TextReader input, string topic, string? key)
    {
        ReadOnlyMemory<byte>? keyBytes = key is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(key);
        while (await input.ReadLineAsync() is { } line)
        {
            yield return new OutgoingRecord(topic, keyBytes, Encoding.UTF8.GetBytes(line));
        }
    }

    public static async IAsyncEnumerable<OutgoingRecord> ReadFileAsync(string path, string topic, string? keyColumn, string? timeColumn)
    {
        bool csv = path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase);
        using var reader = new StreamReader(path);
        int line = 1;
        int lineCount = 0;
        List<string>? header = csv ? Csv.Split(await NextAsync() ?? "") : null;
        CheckColumn(header, keyColumn, path);
        CheckColumn(header, timeColumn, path);
        while (await NextAsync() is { } text)
        {
            if (text.Length == 0)
            {
                continue;
            }

            JsonObject row = header is null ? ParseJson(text, path, line) : ParseCsv(header, text);
            string? key = keyColumn is null ? null : row[keyColumn]?.ToString();
            byte[] value = Encoding.UTF8.GetBytes(header is null ? text : row.ToJsonString());
            var record = new OutgoingRecord(topic, key is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(key), value);
            yield return timeColumn is null ? record : record with { Timestamp = ParseTime(row[timeColumn]?.ToString(), path, line) };
        }

        async ValueTask<string?> NextAsync()
        {
            line += lineCount;
            try
            {
                (string? text, lineCount) = csv ? await Csv.ReadAsync(reader) : (await reader.ReadLineAsync(), 1);
                return text;
            }
            catch (FormatException e)
            {
                throw new CliException(ExitCode.Failed, "BAD_INPUT", $"{path}:{line}: {e.Message}", "close the quote, or double it");
            }
        }
    }

    private static void CheckColumn(List<string>? header, string? column, string path)
    {
        if (header is not null && column is not null && !header.Contains(column))
        {
            string columns = string.Join(", ", header);
            throw new CliException(ExitCode.Usage, "USAGE", $"{path} has no column {column}", $"its columns are {columns}");
        }
    }

    private static JsonObject ParseCsv(List<string> header, string text)
    {
        List<string> cells = Csv.Split(text);
        var row = new JsonObject();
        for (int i = 0; i < header.Count; i++)
        {
            string cell = i < cells.Count ? cells[i] : "";
            row[header[i]] = double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : cell;
        }

        return row;
    }

    private static JsonObject ParseJson(string text, string path, int line)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject ?? throw new CliException(ExitCode.Failed, "BAD_INPUT",
                $"{path}:{line} is no JSON object");
        }
        catch (System.Text.Json.JsonException e)
        {
            throw new CliException(ExitCode.Failed, "BAD_INPUT", $"{path}:{line}: {e.Message}");
        }
    }

    private static DateTimeOffset ParseTime(string? text, string path, int line) =>
        text is not null && TimeText.TryParseTime(text, TimeProvider.System.GetUtcNow(), out DateTimeOffset time)
            ? time
            : throw new CliException(ExitCode.Failed, "BAD_INPUT", $"{path}:{line}: '{text}' is no time",
                "RFC 3339, or seconds or milliseconds since 1970");
}
