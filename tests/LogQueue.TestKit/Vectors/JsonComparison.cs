using System.Buffers.Text;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using LogQueue.Wire;

namespace LogQueue.TestKit.Vectors;

/// <summary>
/// Compares a decoded message with its meaning as JSON: fields by camelCase name, uuids and bytes in base64, absent fields at their default.
/// Pure; thread-safe.
/// </summary>
public static class JsonComparison
{
    /// <summary>The differences, each with its path; empty when they are equal.</summary>
    public static IReadOnlyList<string> Differences(JsonElement expected, object? actual)
    {
        var differences = new List<string>();
        Compare(expected, actual, "", differences);
        return differences;
    }

    private static void Compare(JsonElement expected, object? actual, string path, List<string> differences)
    {
        bool equal = expected.ValueKind switch
        {
            JsonValueKind.Null => actual is null or RecordSet { IsNull: true },
            JsonValueKind.True => actual is true,
            JsonValueKind.False => actual is false,
            JsonValueKind.Number => NumberEquals(expected, actual),
            JsonValueKind.String => TextEquals(expected.GetString()!, actual),
            JsonValueKind.Array => CompareArray(expected, actual, path, differences),
            _ => CompareObject(expected, actual, path, differences),
        };
        if (!equal)
        {
            differences.Add($"{path}: expected {expected.GetRawText()}, got {actual ?? "null"}");
        }
    }

    private static bool NumberEquals(JsonElement expected, object? actual) => actual switch
    {
        double d => d.Equals(expected.GetDouble()),
        Enum e => Convert.ToInt64(e, CultureInfo.InvariantCulture) == expected.GetInt64(),
        IConvertible c and not string => Convert.ToInt64(c, CultureInfo.InvariantCulture) == expected.GetInt64(),
        _ => false,
    };

    private static bool TextEquals(string expected, object? actual) => actual switch
    {
        string s => s == expected,
        Guid g => Base64Url.EncodeToString(g.ToByteArray(bigEndian: true)) == expected,
        ReadOnlyMemory<byte> m => Convert.ToBase64String(m.Span) == expected,
        // The vectors' JSON only says whether there is a record set; its bytes are judged by encoding again.
        RecordSet r => !r.IsNull,
        double d => d.ToString(CultureInfo.InvariantCulture) == expected,
        _ => false,
    };

    private static bool CompareArray(JsonElement expected, object? actual, string path, List<string> differences)
    {
        if (actual is not Array items || items.Length != expected.GetArrayLength())
        {
            return false;
        }

        int i = 0;
        foreach (JsonElement element in expected.EnumerateArray())
        {
            Compare(element, items.GetValue(i), $"{path}[{i}]", differences);
            i++;
        }

        return true;
    }

    private static bool CompareObject(JsonElement expected, object? actual, string path, List<string> differences)
    {
        if (actual is null)
        {
            return false;
        }

        foreach (JsonProperty property in expected.EnumerateObject())
        {
            string name = char.ToUpperInvariant(property.Name[0]) + property.Name[1..];
            PropertyInfo? field = actual.GetType().GetProperty(name, BindingFlags.Public | BindingFlags.Instance);
            if (field is null)
            {
                differences.Add($"{path}.{property.Name}: the message has no such field");
            }
            else
            {
                Compare(property.Value, field.GetValue(actual), $"{path}.{property.Name}", differences);
            }
        }

        return true;
    }
}
