using System.Text;
using System.Text.Json.Nodes;
using LogQueue.Client;

namespace LogQueue.Cli.Output;

/// <summary>
/// How a record's bytes are shown: text where they are text, hex where they are not, a word where there are none. Pure; thread-safe.
/// </summary>
internal static class RecordText
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static string Show(ReadOnlyMemory<byte>? bytes, string absent) => bytes is { } b ? Text(b.Span) : absent;

    public static JsonObject ToJson(ConsumedRecord record)
    {
        var headers = new JsonObject();
        foreach (Records.RecordHeader header in record.Headers)
        {
            headers[header.Key] = header.Value is { } value ? Text(value.Span) : null;
        }

        return new JsonObject
        {
            ["topic"] = record.Topic,
            ["partition"] = record.Partition,
            ["offset"] = record.Offset,
            ["timestamp"] = Human.Time(record.Timestamp),
            ["key"] = record.Key is { } key ? Text(key.Span) : null,
            ["value"] = record.Value is { } content ? Text(content.Span) : null,
            ["headers"] = headers,
        };
    }

    private static string Text(ReadOnlySpan<byte> bytes)
    {
        try
        {
            string text = Strict.GetString(bytes);
            return text.Any(static c => char.IsControl(c) && c != '\t') ? Escape(text) : text;
        }
        catch (DecoderFallbackException)
        {
            return "hex:" + Convert.ToHexStringLower(bytes);
        }
    }

    // A record must not be able to move the cursor or forge a line of output.
    private static string Escape(string text) =>
        string.Concat(text.Select(static c => char.IsControl(c) && c != '\t' ? $"\\u{(int)c:x4}" : c.ToString()));
}
