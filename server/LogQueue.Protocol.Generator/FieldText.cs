using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace LogQueue.Protocol.Generator;

/// <summary>The C# expressions of one message's fields: types, defaults, version conditions, sizes. Not thread-safe.</summary>
internal sealed class FieldText
{
    private readonly MessageModel _message;

    public FieldText(MessageModel message) => _message = message;

    public bool IsErrorCode(FieldModel f) => _message.IsApi && f.Type == "int16"
        && f.Name.EndsWith("ErrorCode", System.StringComparison.Ordinal);

    public string ElementType(FieldModel f) =>
        f.Struct is { } s ? Qualified(s) : IsErrorCode(f) ? "ErrorCode" : Primitive(f).CSharp;

    /// <summary>The nested type with its message's name before it: a field of the same name would hide the bare one.</summary>
    public string Qualified(StructModel s) => $"{_message.Root.TypeName}.{s.TypeName}";

    public string Type(FieldModel f)
    {
        string type = ElementType(f) + (f.IsArray ? "[]" : "");
        return f.IsNullable && (f.IsArray || f.Type != "records") ? type + "?" : type;
    }

    /// <summary>The initializer of the property, empty where C#'s default is the right one.</summary>
    public string Initializer(FieldModel f)
    {
        if (f.Default == "null" || (f.Type == "records" && !f.IsArray && f.IsNullable))
        {
            return "";
        }

        if (f.IsArray)
        {
            return " = [];";
        }

        if (f.Struct is not null)
        {
            return " = new();";
        }

        return f.Type switch
        {
            "string" => $" = \"{f.Default}\";",
            "records" => " = RecordSet.Empty;",
            "bytes" => f.IsNullable ? " = ReadOnlyMemory<byte>.Empty;" : "",
            "uuid" => "",
            _ => Literal(f) is var literal && literal is "0" or "false" ? "" : $" = {literal};",
        };
    }

    /// <summary>An expression that is true when the field has its default; <paramref name="access"/> names the field.</summary>
    public string IsDefault(FieldModel f, string access)
    {
        if (f.Default == "null")
        {
            return $"{access} is null";
        }

        if (f.IsArray)
        {
            return $"{access} is {{ Length: 0 }}";
        }

        if (f.Struct is not null)
        {
            return f.IsNullable ? $"{access}?.IsDefault() == true" : $"{access}.IsDefault()";
        }

        return f.Type switch
        {
            "string" => $"{access} is \"{f.Default}\"",
            "records" => f.IsNullable ? $"{access}.IsNull" : $"{access}.LengthBytes == 0",
            "bytes" => f.IsNullable ? $"{access} is {{ IsEmpty: true }}" : $"{access}.IsEmpty",
            "uuid" => $"{access} == Guid.Empty",
            "bool" => Literal(f) == "true" ? access : "!" + access,
            _ when IsErrorCode(f) => $"{access} == ErrorCode.None",
            _ => $"{access} == {Literal(f)}",
        };
    }

    /// <summary>Versions in which the field stands in the body, not in the tag section.</summary>
    public VersionRange BodyVersions(FieldModel f)
    {
        VersionRange present = f.Versions.Intersect(_message.Versions);
        return f.Tag < 0 ? present : new VersionRange(present.Low, System.Math.Min(present.High, f.TagVersions.Low - 1));
    }

    public VersionRange TagVersions(FieldModel f) => f.Tag < 0 ? VersionRange.None
        : f.TagVersions.Intersect(f.Versions).Intersect(_message.Versions);

    /// <summary>The condition on <c>version</c> for a range, empty when every version of the message is in it.</summary>
    public string Condition(VersionRange range)
    {
        VersionRange all = _message.Versions;
        range = range.Intersect(all);
        if (range.IsEmpty)
        {
            return "false";
        }

        if (range.Low == range.High && all.Low != all.High)
        {
            return $"version == {Number(range.Low)}";
        }

        var parts = new List<string>();
        if (range.Low > all.Low)
        {
            parts.Add($"version >= {Number(range.Low)}");
        }

        if (range.High < all.High)
        {
            parts.Add($"version <= {Number(range.High)}");
        }

        return string.Join(" && ", parts);
    }

    /// <summary>The condition under which null is allowed: empty for always, "false" for never.</summary>
    public string NullCondition(FieldModel f) =>
        f.NullableVersions.Covers(f.Versions.Intersect(_message.Versions)) ? "" : Condition(f.NullableVersions);

    public string Compact(FieldModel f) => f.NeverCompact ? "false" : "flexible";

    /// <summary>Least size of an array's element: what a hostile count is measured against.</summary>
    public string LeastElementBytes(FieldModel f)
    {
        int? plain = LeastOf(f, flexible: false);
        int? compact = LeastOf(f, flexible: true);
        return plain == compact || plain is null || compact is null
            ? Number(compact ?? plain ?? 1)
            : $"flexible ? {Number(compact.Value)} : {Number(plain.Value)}";
    }

    public static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    public static PrimitiveTypes Primitive(FieldModel f)
    {
        PrimitiveTypes.TryGet(f.Type, out PrimitiveTypes type);
        return type;
    }

    private static string Literal(FieldModel f) => (f.Default ?? "") switch
    {
        "" => f.Type == "bool" ? "false" : "0",
        "9223372036854775807" => "long.MaxValue",
        "-2147483648" => "int.MinValue",
        var text => f.Type == "bool" ? text.ToLowerInvariant() : text,
    };

    private int? LeastOf(FieldModel f, bool flexible)
    {
        int? least = null;
        for (int version = _message.Versions.Low; version <= _message.Versions.High; version++)
        {
            var one = new VersionRange(version, version);
            if (_message.FlexibleVersions.Covers(one) == flexible && f.Versions.Covers(one))
            {
                int size = f.Struct is { } s ? Least(s, one, flexible, 0) : Primitive(f).LeastBytes(f.Type, flexible && !f.NeverCompact);
                least = least is { } l ? System.Math.Min(l, size) : size;
            }
        }

        return least;
    }

    private int Least(StructModel s, VersionRange version, bool flexible, int depth)
    {
        int sum = flexible ? 1 : 0;
        foreach (FieldModel f in s.Fields.Where(f => BodyVersions(f).Covers(version)))
        {
            bool compact = flexible && !f.NeverCompact;
            sum += f.IsArray ? (compact ? 1 : 4)
                : f.Struct is { } nested ? (f.IsNullable || depth > 8 ? 1 : Least(nested, version, flexible, depth + 1))
                : Primitive(f).LeastBytes(f.Type, compact);
        }

        return System.Math.Max(1, sum);
    }
}
