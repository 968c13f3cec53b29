using System.Collections.Generic;
using System.Linq;

namespace LogQueue.Protocol.Generator;

/// <summary>Writes the code that reads a structure. Not thread-safe.</summary>
internal sealed class ReadEmitter
{
    private readonly CodeText _code;
    private readonly FieldText _text;
    private readonly MessageModel _message;

    public ReadEmitter(CodeText code, FieldText text, MessageModel message)
    {
        _code = code;
        _text = text;
        _message = message;
    }

    public void Body(StructModel s)
    {
        _code.Line($"reader.Charge({FieldText.Number(MemorySize.Of(s))});");
        _code.Line($"var value = new {s.TypeName}();");
        foreach (FieldModel f in s.Fields)
        {
            VersionRange body = _text.BodyVersions(f);
            if (!body.IsEmpty)
            {
                _code.If(_text.Condition(body), () => Field(f));
            }
        }

        if (!_message.FlexibleVersions.Intersect(_message.Versions).IsEmpty)
        {
            _code.Block("if (flexible)", () => Tags(s));
        }

        _code.Line();
        _code.Line("return value;");
    }

    private static string Camel(string name) => char.ToLowerInvariant(name[0]) + name.Substring(1);

    private void Tags(StructModel s)
    {
        List<FieldModel> tagged = s.Fields.Where(f => !_text.TagVersions(f).IsEmpty).OrderBy(f => f.Tag).ToList();
        if (tagged.Count == 0)
        {
            _code.Line("reader.SkipTaggedFields();");
            return;
        }

        _code.Block("for (int left = reader.ReadTaggedFieldCount(); left > 0; left--)", () =>
        {
            _code.Line("uint tag = reader.ReadTag(out int sizeBytes);");
            _code.Line("int start = reader.Position;");
            _code.Block("switch (tag)", () =>
            {
                foreach (FieldModel f in tagged)
                {
                    string condition = _text.Condition(_text.TagVersions(f));
                    _code.Line($"case {FieldText.Number(f.Tag)}{(condition.Length == 0 ? "" : " when " + condition)}:");
                    _code.Block("", () => Field(f));
                    _code.Line("break;");
                }

                _code.Line("default:");
                _code.Line("reader.Skip(sizeBytes);");
                _code.Line("break;");
            });
            _code.Line("reader.EndTag(start, sizeBytes);");
        });
    }

    private void Field(FieldModel f)
    {
        if (f.IsArray)
        {
            Array(f);
        }
        else if (f.Struct is { } s && f.IsNullable)
        {
            _code.Line($"value.{f.Name} = reader.ReadInt8() < 0 ? null : {_text.Qualified(s)}.ReadFrom(ref reader, version, flexible);");
        }
        else
        {
            _code.Line($"value.{f.Name} = {Single(f)};");
        }
    }

    private string Single(FieldModel f)
    {
        if (f.Struct is { } s)
        {
            return $"{_text.Qualified(s)}.ReadFrom(ref reader, version, flexible)";
        }

        string compact = _text.Compact(f);
        if (f.Type is "string" or "bytes")
        {
            string verb = FieldText.Primitive(f).Verb;
            string plain = $"reader.Read{verb}({compact})";
            string nullable = $"reader.ReadNullable{verb}({compact})";
            return f.IsArray ? plain : _text.NullCondition(f) switch
            {
                "" => nullable,
                "false" => plain,
                var condition => $"{condition} ? {nullable} : {plain}",
            };
        }

        return f.Type == "records" ? $"reader.ReadRecords({compact})"
            : _text.IsErrorCode(f) ? "(ErrorCode)reader.ReadInt16()"
            : $"reader.Read{FieldText.Primitive(f).Verb}()";
    }

    private void Array(FieldModel f)
    {
        string count = Camel(f.Name) + "Count";
        string items = Camel(f.Name) + "Items";
        string nulls = _text.NullCondition(f);
        _code.Line($"int {count} = reader.ReadArrayLength({_text.Compact(f)}, {_text.LeastElementBytes(f)});");
        _code.Block($"if ({count} < 0)", () =>
        {
            string fail = $"WireFormatException.ThrowAt(reader.Position, \"{_message.Root.Name}.{f.Name} may not be null.\");";
            if (nulls == "false")
            {
                _code.Line(fail);
                return;
            }

            if (nulls.Length > 0)
            {
                _code.Block($"if (!({nulls}))", () => _code.Line(fail));
            }

            _code.Line($"value.{f.Name} = null;");
        });
        _code.Block("else", () =>
        {
            string element = _text.ElementType(f);
            _code.Line($"reader.ChargeArray({count}, {FieldText.Number(MemorySize.OfElement(f))});");
            _code.Line($"var {items} = new {element}[{count}];");
            _code.Block($"for (int i = 0; i < {count}; i++)", () => _code.Line($"{items}[i] = {Single(f)};"));
            _code.Line($"value.{f.Name} = {items};");
        });
    }
}
