using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace LogQueue.Protocol.Generator;

/// <summary>Binds field types to their structures and checks what the grammar alone cannot. One message; not thread-safe.</summary>
internal sealed class SchemaChecker
{
    private readonly MessageModel _message;
    private readonly Dictionary<string, StructModel> _structs;

    public SchemaChecker(MessageModel message)
    {
        _message = message;
        _structs = message.Structs.ToDictionary(s => s.Name);
    }

    public void Resolve()
    {
        var rootFields = new HashSet<string>(_message.Root.Fields.Select(f => f.Name)) { _message.Root.Name };
        _message.Root.TypeName = _message.Root.Name;
        foreach (StructModel structure in _message.Structs)
        {
            structure.TypeName = rootFields.Contains(structure.Name) || structure.Fields.Any(f => f.Name == structure.Name)
                ? structure.Name + "Value"
                : structure.Name;
        }

        foreach (StructModel structure in _message.Structs.Prepend(_message.Root))
        {
            Check(structure);
        }

        CheckFinite(_message.Root, new Stack<StructModel>());
    }

    private static void CheckFinite(StructModel structure, Stack<StructModel> path)
    {
        path.Push(structure);
        foreach (FieldModel field in structure.Fields.Where(static f => f.Struct is not null))
        {
            if (path.Contains(field.Struct!))
            {
                throw new SchemaException("LQ0008", field.Line,
                    $"{field.Name} puts {field.Struct!.Name} into itself; a message has a finite shape.");
            }

            CheckFinite(field.Struct!, path);
        }

        path.Pop();
    }

    private static void CheckAttributes(FieldModel field)
    {
        bool isRecords = field.Type == "records";
        if (isRecords && field.Tag >= 0)
        {
            throw new SchemaException("LQ0007", field.Line, $"{field.Name} holds records, which may lie in a file; a tagged field cannot.");
        }

        if (isRecords && field.IsArray)
        {
            throw new SchemaException("LQ0007", field.Line, $"{field.Name}: there are no arrays of records.");
        }

        bool isScalar = !field.IsArray && PrimitiveTypes.TryGet(field.Type, out PrimitiveTypes type) && type.FixedBytes > 0;
        if (isScalar && !field.NullableVersions.IsEmpty)
        {
            throw new SchemaException("LQ0007", field.Line, $"{field.Name} is a {field.Type}, which is never null.");
        }
    }

    private static void CheckDefault(FieldModel field)
    {
        if (field.Default is not { } text || text is "null" or "" || field.IsArray)
        {
            if (field.Default == "null" && field.NullableVersions.IsEmpty)
            {
                throw new SchemaException("LQ0006", field.Line,
                    $"{field.Name} has the default null but no version in which it may be null.");
            }

            return;
        }

        bool valid = field.Type switch
        {
            "bool" => text.ToLowerInvariant() is "true" or "false",
            "int8" => IsNumber(text, sbyte.MinValue, sbyte.MaxValue),
            "int16" => IsNumber(text, short.MinValue, short.MaxValue),
            "uint16" => IsNumber(text, 0, ushort.MaxValue),
            "int32" => IsNumber(text, int.MinValue, int.MaxValue),
            "uint32" => IsNumber(text, 0, uint.MaxValue),
            "int64" => IsNumber(text, long.MinValue, long.MaxValue),
            "float64" => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _),
            "string" => true,
            _ => false,
        };
        if (!valid)
        {
            throw new SchemaException("LQ0006", field.Line, $"'{text}' is no default for {field.Name}, a {field.Type}.");
        }
    }

    private static bool IsNumber(string text, long lowest, long highest)
    {
        bool parsed = text.StartsWith("0x", System.StringComparison.Ordinal)
            ? long.TryParse(text.Substring(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out long value)
            : long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
        return parsed && lowest <= value && value <= highest;
    }

    private void Check(StructModel structure)
    {
        var names = new HashSet<string>();
        var tags = new HashSet<int>();
        foreach (FieldModel field in structure.Fields)
        {
            if (!names.Add(field.Name))
            {
                throw new SchemaException("LQ0004", field.Line, $"{structure.Name} has two fields {field.Name}.");
            }

            if (field.Tag >= 0 && !tags.Add(field.Tag))
            {
                throw new SchemaException("LQ0005", field.Line, $"{structure.Name} has two fields with the tag {field.Tag}.");
            }

            if (!PrimitiveTypes.TryGet(field.Type, out _))
            {
                if (!_structs.TryGetValue(field.Type, out StructModel? target))
                {
                    throw new SchemaException(
                        "LQ0002", field.Line,
                            $"The type {field.Type} of {field.Name} is neither one of {PrimitiveTypes.Names} nor a structure of {_message.Root.Name}.");
                }

                field.Struct = target;
            }

            if (field.Versions.Intersect(_message.Versions).IsEmpty)
            {
                throw new SchemaException("LQ0003", field.Line, $"{field.Name} is in no version of {_message.Root.Name}: take it out.");
            }

            if (field.Tag >= 0 && (field.TagVersions.IsEmpty
                || !_message.FlexibleVersions.Covers(field.TagVersions.Intersect(_message.Versions))))
            {
                throw new SchemaException("LQ0003", field.Line, $"{field.Name} is tagged in versions that are not flexible.");
            }

            CheckAttributes(field);
            CheckDefault(field);
        }
    }
}
