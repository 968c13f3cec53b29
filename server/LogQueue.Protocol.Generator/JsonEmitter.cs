namespace LogQueue.Protocol.Generator;

/// <summary>
/// Writes the code that shows a record of an internal topic as JSON, for people: fields by camelCase name, bytes as base64, uuids as Kafka
/// prints them. Wire messages have no such method. Not thread-safe.
/// </summary>
internal sealed class JsonEmitter
{
    private readonly CodeText _code;

    public JsonEmitter(CodeText code) => _code = code;

    public void Method(StructModel s)
    {
        _code.Line();
        _code.Line("/// <summary>Shows the fields as one JSON object.</summary>");
        _code.Block("internal void WriteJson(System.Text.Json.Utf8JsonWriter json)", () =>
        {
            _code.Line("json.WriteStartObject();");
            foreach (FieldModel f in s.Fields)
            {
                _code.Line($"json.WritePropertyName(\"{char.ToLowerInvariant(f.Name[0])}{f.Name.Substring(1)}\");");
                Field(f);
            }

            _code.Line("json.WriteEndObject();");
        });
    }

    private void Field(FieldModel f)
    {
        if (f.IsNullable)
        {
            _code.Block($"if ({f.Name} is null)", () => _code.Line("json.WriteNullValue();"));
            _code.Block("else", () => Present(f));
        }
        else
        {
            Present(f);
        }
    }

    private void Present(FieldModel f)
    {
        if (!f.IsArray)
        {
            Value(f, f.IsNullable && f.Type == "bytes" ? f.Name + ".Value" : f.Name);
            return;
        }

        _code.Line("json.WriteStartArray();");
        _code.Block($"foreach (var item in {f.Name})", () => Value(f, "item"));
        _code.Line("json.WriteEndArray();");
    }

    private void Value(FieldModel f, string access)
    {
        if (f.Struct is not null)
        {
            _code.Line($"{access}.WriteJson(json);");
            return;
        }

        if (f.Type == "float64")
        {
            // JSON has no number for NaN and the infinities.
            _code.Block($"if (double.IsFinite({access}))", () => _code.Line($"json.WriteNumberValue({access});"));
            _code.Block("else", () =>
                _code.Line($"json.WriteStringValue({access}.ToString(System.Globalization.CultureInfo.InvariantCulture));"));
            return;
        }

        _code.Line(f.Type switch
        {
            "bool" => $"json.WriteBooleanValue({access});",
            "string" => $"json.WriteStringValue({access});",
            "bytes" => $"json.WriteBase64StringValue({access}.Span);",
            "records" => $"json.WriteNumberValue({access}.LengthBytes);",
            "uuid" => $"json.WriteStringValue(System.Buffers.Text.Base64Url.EncodeToString({access}.ToByteArray(bigEndian: true)));",
            _ => $"json.WriteNumberValue({access});",
        });
    }
}
