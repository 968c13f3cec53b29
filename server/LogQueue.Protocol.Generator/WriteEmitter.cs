using System.Collections.Generic;
using System.Linq;

namespace LogQueue.Protocol.Generator;

/// <summary>Writes the code that writes a structure. Not thread-safe.</summary>
internal sealed class WriteEmitter
{
    private readonly CodeText _code;
    private readonly FieldText _text;
    private readonly MessageModel _message;

    public WriteEmitter(CodeText code, FieldText text, MessageModel message)
    {
        _code = code;
        _text = text;
        _message = message;
    }

    public void Body(StructModel s)
    {
        foreach (FieldModel f in s.Fields)
        {
            VersionRange body = _text.BodyVersions(f);
            string condition = body.IsEmpty ? "false" : _text.Condition(body);
            if (condition != "false")
            {
                _code.If(condition, () => Field(f, "writer"));
            }

            VersionRange present = f.Versions.Intersect(_message.Versions);
            if (!f.Ignorable && !present.Covers(_message.Versions))
            {
                string absent = present.IsEmpty ? "true" : $"!({_text.Condition(present)})";
                _code.Block($"if ({absent} && !({_text.IsDefault(f, f.Name)}))", () =>
                    _code.Line($"WireFormatException.ThrowUnsupportedField(\"{_message.Root.Name}\", \"{f.Name}\", version);"));
            }
        }

        if (!_message.FlexibleVersions.Intersect(_message.Versions).IsEmpty)
        {
            _code.Block("if (flexible)", () => Tags(s));
        }
    }

    private void Tags(StructModel s)
    {
        List<FieldModel> tagged = s.Fields.Where(f => !_text.TagVersions(f).IsEmpty).OrderBy(f => f.Tag).ToList();
        if (tagged.Count == 0)
        {
            _code.Line("writer.WriteTaggedFieldCount(0);");
            return;
        }

        foreach (FieldModel f in tagged)
        {
            string condition = _text.Condition(_text.TagVersions(f));
            _code.Line($"bool has{f.Name} = {(condition.Length == 0 ? "" : condition + " && ")}!({_text.IsDefault(f, f.Name)});");
        }

        _code.Line($"writer.WriteTaggedFieldCount({string.Join(" + ", tagged.Select(f => $"(has{f.Name} ? 1 : 0)"))});");
        foreach (FieldModel f in tagged)
        {
            _code.Block($"if (has{f.Name})", () =>
            {
                _code.Line($"int start = writer.BeginTaggedField({FieldText.Number(f.Tag)});");
                Field(f, "writer");
                _code.Line("writer.EndTaggedField(start);");
            });
        }
    }

    private void Field(FieldModel f, string writer)
    {
        bool referenceNull = f.IsNullable && (f.IsArray || f.Type != "records");
        if (referenceNull && _text.NullCondition(f) is { Length: > 0 } nulls)
        {
            _code.Block($"if ({f.Name} is null{(nulls == "false" ? "" : $" && !({nulls})")})", () =>
                _code.Line($"WireFormatException.ThrowNullField(\"{_message.Root.Name}\", \"{f.Name}\", version);"));
        }

        if (f.IsArray)
        {
            Array(f, writer);
        }
        else if (f.Struct is not null && f.IsNullable)
        {
            _code.Line($"{writer}.WriteInt8({f.Name} is null ? (sbyte)-1 : (sbyte)1);");
            _code.Line($"{f.Name}?.WriteTo(ref {writer}, version, flexible);");
        }
        else
        {
            Single(f, f.Name, writer);
        }
    }

    private void Array(FieldModel f, string writer)
    {
        string compact = _text.Compact(f);
        string length = f.IsNullable ? $"{f.Name}?.Length ?? -1" : $"{f.Name}.Length";
        _code.Line($"{writer}.WriteArrayLength({length}, {compact});");
        _code.Block($"foreach ({_text.ElementType(f)} item in {f.Name}{(f.IsNullable ? " ?? []" : "")})", () => Single(f, "item", writer));
    }

    private void Single(FieldModel f, string access, string writer)
    {
        string compact = _text.Compact(f);
        if (f.Struct is not null)
        {
            _code.Line($"{access}.WriteTo(ref {writer}, version, flexible);");
            return;
        }

        string call = f.Type switch
        {
            "string" => $"WriteString({access}, {compact})",
            "bytes" => f.IsNullable && !f.IsArray ? $"WriteNullableBytes({access}, {compact})" : $"WriteBytes({access}.Span, {compact})",
            "records" => $"WriteRecords({access}, {compact})",
            _ when _text.IsErrorCode(f) => $"WriteInt16((short){access})",
            _ => $"Write{FieldText.Primitive(f).Verb}({access})",
        };
        _code.Line($"{writer}.{call};");
    }
}
