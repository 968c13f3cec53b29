using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LogQueue.Cli.Output;
using LogQueue.Engine.Partitions;
using LogQueue.Records;

namespace LogQueue.Cli.Commands;

/// <summary>
/// One record as one line of text that gives the same record back: NDJSON or CSV. Bytes that are UTF-8 stand as text, others as base64,
/// and a field beside them (<c>key_encoding</c>, <c>value_encoding</c>, a header's <c>encoding</c>) says <c>base64</c>. Pure; thread-safe.
/// </summary>
internal static class RecordLine
{
    public const string CsvHeader = "offset,timestamp,key,key_encoding,value,value_encoding,headers";

    private const string Base64 = "base64";
    private const string Null = "null";
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static string ToNdjson(Record record) => ToJson(record).ToJsonString(Terminal.OneLine);

    public static JsonObject ToJson(Record record)
    {
        var json = new JsonObject { ["offset"] = record.Offset, ["timestamp"] = record.TimestampMs };
        Add(json, "key", "key_encoding", record.Key);
        Add(json, "value", "value_encoding", record.Value);
        if (record.Headers.Length > 0)
        {
            json["headers"] = Headers(record);
        }

        return json;
    }

    public static string ToCsv(Record record)
    {
        (string key, string keyEncoding) = Cell(record.Key);
        (string value, string valueEncoding) = Cell(record.Value);
        return Csv.Line(
        [
            record.Offset.ToString(CultureInfo.InvariantCulture), record.TimestampMs.ToString(CultureInfo.InvariantCulture),
            key, keyEncoding, value, valueEncoding,
            record.Headers.Length == 0 ? "" : Headers(record).ToJsonString(Terminal.OneLine),
        ]);
    }

    /// <summary>Reads a line of NDJSON.</summary>
    /// <exception cref="FormatException">It is no record; the message says why.</exception>
    public static NewRecord FromNdjson(string line)
    {
        JsonObject json = Parse(line) as JsonObject ?? throw new FormatException("no JSON object");
        return new NewRecord(Bytes(json, "key", "key_encoding"), Bytes(json, "value", "value_encoding"))
        {
            TimestampMs = json["timestamp"] switch
            {
                null => null,
                JsonValue value when value.TryGetValue(out long time) => time,
                _ => throw new FormatException("timestamp is no whole number of milliseconds since 1970"),
            },
            Headers = json["headers"] is { } headers ? Headers(headers) : null,
        };
    }

    /// <summary>Reads a line of CSV; <paramref name="columns"/> is the file's header.</summary>
    /// <exception cref="FormatException">It is no record; the message says why.</exception>
    public static NewRecord FromCsv(IReadOnlyList<string> columns, string line)
    {
        List<string> cells = Csv.Split(line);
        if (cells.Count != columns.Count)
        {
            throw new FormatException($"{cells.Count} cells under {columns.Count} columns");
        }

        string time = Get("timestamp");
        string headers = Get("headers");
        return new NewRecord(Decode(Get("key"), columns.Contains("key") ? Get("key_encoding") : Null),
            Decode(Get("value"), columns.Contains("value") ? Get("value_encoding") : Null))
        {
            TimestampMs = time.Length == 0 ? null
                : long.TryParse(time, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long ms) ? ms
                : throw new FormatException($"timestamp '{time}' is no whole number of milliseconds since 1970"),
            Headers = headers.Length == 0 ? null : Headers(Parse(headers)),
        };

        string Get(string column)
        {
            for (int i = 0; i < columns.Count; i++)
            {
                if (columns[i] == column)
                {
                    return cells[i];
                }
            }

            return "";
        }
    }

    private static void Add(JsonObject json, string name, string encodingName, ReadOnlyMemory<byte>? bytes)
    {
        (string text, string encoding) = Text(bytes);
        json[name] = encoding == Null ? null : text;
        if (encoding == Base64)
        {
            json[encodingName] = Base64;
        }
    }

    private static JsonArray Headers(Record record) => new([.. record.Headers.Select(static header =>
    {
        var json = new JsonObject { ["key"] = header.Key };
        Add(json, "value", "encoding", header.Value);
        return json;
    })]);

    private static RecordHeader[] Headers(JsonNode? node)
    {
        if (node is not JsonArray array)
        {
            throw new FormatException("headers is no JSON array");
        }

        return [.. array.Select(static item => item is JsonObject header && header["key"] is JsonValue key && key.TryGetValue(out string? name)
            ? new RecordHeader(name, Bytes(header, "value", "encoding"))
            : throw new FormatException("a header is no object with a key"))];
    }

    private static ReadOnlyMemory<byte>? Bytes(JsonObject json, string name, string encodingName)
    {
        string? text = json[name] switch
        {
            null => null,
            JsonValue value when value.TryGetValue(out string? found) => found,
            _ => throw new FormatException($"{name} is neither a string nor null"),
        };
        return text is null ? null : Decode(text, json[encodingName]?.ToString() ?? "");
    }

    private static ReadOnlyMemory<byte>? Decode(string text, string encoding)
    {
        switch (encoding)
        {
            case "":
                return Strict.GetBytes(text);
            case Null:
                return null;
            case Base64:
                var bytes = new byte[text.Length];
                return Convert.TryFromBase64String(text, bytes, out int written)
                    ? bytes.AsMemory(0, written)
                    : throw new FormatException($"'{text}' is no base64");
            default:
                throw new FormatException($"the encoding '{encoding}' is unknown; base64, null, or nothing for text");
        }
    }

    private static (string Text, string Encoding) Text(ReadOnlyMemory<byte>? bytes)
    {
        if (bytes is not { } present)
        {
            return ("", Null);
        }

        try
        {
            return (Strict.GetString(present.Span), "");
        }
        catch (DecoderFallbackException)
        {
            return (Convert.ToBase64String(present.Span), Base64);
        }
    }

    // A row is a line: text with a line break, or another control character, goes as base64.
    private static (string Text, string Encoding) Cell(ReadOnlyMemory<byte>? bytes)
    {
        (string text, string encoding) = Text(bytes);
        return encoding.Length == 0 && text.Any(char.IsControl) ? (Convert.ToBase64String(bytes!.Value.Span), Base64) : (text, encoding);
    }

    private static JsonNode? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException e)
        {
            throw new FormatException("no JSON: " + e.Message, e);
        }
    }
}
