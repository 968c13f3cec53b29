using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace LogQueue.Protocol.Generator;

/// <summary>
/// Parses a schema file.
/// <code>
/// file     = { comment | doc | message }
/// comment  = "# ..."                              for readers of the schema only
/// doc      = "/// ..."                            becomes the XML doc of what follows
/// message  = kind Name [number] "versions" range "flexible" (N+ | none)
/// kind     = request | response | header | data | key | value | record
/// field    = indent Name ["[]"]type range { attribute }
/// struct   = indent "struct" Name                 a structure used by several fields
/// attribute= "null" range | "tag" N "(" range ")" | "=" default | "key" | "ignorable" | "flexible none"
/// range    = N | N+ | N-M | none
/// </code>
/// Two spaces more of indent make a field part of the structure of the line above. A type that is no primitive names the structure whose
/// fields follow, or one declared elsewhere in the message. Not thread-safe; one parser a file.
/// </summary>
internal sealed class SchemaParser
{
    private static readonly string[] Kinds = { "request", "response", "header", "data", "key", "value", "record" };

    private readonly string[] _lines;
    private readonly List<MessageModel> _messages = new();
    private readonly List<string> _doc = new();
    private readonly Stack<(int Indent, StructModel Owner)> _open = new();
    private MessageModel? _message;

    public SchemaParser(string text) => _lines = text.Replace("\r", "").Split('\n');

    public IReadOnlyList<MessageModel> Parse()
    {
        for (int i = 0; i < _lines.Length; i++)
        {
            string line = _lines[i];
            string trimmed = line.Trim();
            if (trimmed.StartsWith("///", StringComparison.Ordinal))
            {
                _doc.Add(trimmed.Substring(3).Trim());
            }
            else if (trimmed.Length > 0 && trimmed[0] != '#')
            {
                int indent = line.Length - line.TrimStart(' ').Length;
                if (indent == 0)
                {
                    BeginMessage(trimmed, i);
                }
                else
                {
                    AddMember(trimmed, indent, i);
                }
            }
        }

        foreach (MessageModel message in _messages)
        {
            new SchemaChecker(message).Resolve();
        }

        return _messages;
    }

    private static string[] Words(string line) => line.Split(new[] { ' ' }, StringSplitOptions.RemoveEmptyEntries);

    private static VersionRange ParseRange(string text, int line) =>
        VersionRange.TryParse(text, out VersionRange range)
            ? range
            : throw new SchemaException("LQ0003", line, $"'{text}' is no version range: write N, N+, N-M or none.");

    private void BeginMessage(string line, int lineNumber)
    {
        string[] words = Words(line);
        int next = 2;
        if (words.Length < 2 || !Kinds.Contains(words[0]))
        {
            throw new SchemaException("LQ0001", lineNumber, $"A message begins with one of {string.Join(", ", Kinds)} and its name.");
        }

        if (_messages.Any(m => m.Root.Name == words[1]))
        {
            throw new SchemaException("LQ0004", lineNumber, $"The message {words[1]} is declared twice in this file.");
        }

        _message = new MessageModel { Kind = words[0] };
        _message.Root.Name = words[1];
        _message.Root.Line = lineNumber;
        _message.Root.Doc = TakeDoc();
        if (words.Length > next && int.TryParse(words[next], NumberStyles.None, CultureInfo.InvariantCulture, out int number))
        {
            _message.Number = number;
            next++;
        }

        if (words.Length != next + 4 || words[next] != "versions" || words[next + 2] != "flexible")
        {
            throw new SchemaException("LQ0001", lineNumber, "After name and number: versions RANGE flexible (N+ or none).");
        }

        _message.Versions = ParseRange(words[next + 1], lineNumber);
        _message.FlexibleVersions = ParseRange(words[next + 3], lineNumber);
        if (_message.Versions.IsEmpty || _message.Versions.High == short.MaxValue)
        {
            throw new SchemaException("LQ0003", lineNumber, "A message has a first and a last version.");
        }

        if (_message.IsApi && _message.Number < 0)
        {
            throw new SchemaException("LQ0001", lineNumber, $"A {_message.Kind} needs its API key after the name.");
        }

        _messages.Add(_message);
        _open.Clear();
        _open.Push((0, _message.Root));
    }

    private void AddMember(string line, int indent, int lineNumber)
    {
        if (_message is null)
        {
            throw new SchemaException("LQ0001", lineNumber, "A field before any message: messages begin at the line's start.");
        }

        while (_open.Count > 1 && _open.Peek().Indent >= indent)
        {
            _open.Pop();
        }

        string[] words = Words(line);
        if (words[0] == "struct" && words.Length == 2)
        {
            _open.Push((indent, Declare(words[1], lineNumber)));
            return;
        }

        FieldModel field = ParseField(words, lineNumber);
        _open.Peek().Owner.Fields.Add(field);
        bool hasChildren = lineNumber + 1 < _lines.Length && NextIndent(lineNumber + 1) > indent;
        if (hasChildren)
        {
            if (PrimitiveTypes.TryGet(field.Type, out _))
            {
                throw new SchemaException("LQ0002", lineNumber, $"{field.Name} is a {field.Type}, which has no fields.");
            }

            StructModel structure = Declare(field.Type, lineNumber);
            // The doc line above belongs to the field; its structure has no line of its own.
            structure.Doc = field.IsArray ? $"One element of {field.Name}." : field.Doc;
            _open.Push((indent, structure));
        }
    }

    private StructModel Declare(string name, int lineNumber)
    {
        if (_message!.Structs.Any(s => s.Name == name))
        {
            throw new SchemaException("LQ0004", lineNumber, $"The structure {name} is declared twice in {_message.Root.Name}.");
        }

        var structure = new StructModel { Name = name, Line = lineNumber, Doc = TakeDoc() };
        _message.Structs.Add(structure);
        return structure;
    }

    private int NextIndent(int from)
    {
        for (int i = from; i < _lines.Length; i++)
        {
            string trimmed = _lines[i].Trim();
            if (trimmed.Length > 0 && trimmed[0] != '#' && !trimmed.StartsWith("///", StringComparison.Ordinal))
            {
                return _lines[i].Length - _lines[i].TrimStart(' ').Length;
            }
        }

        return 0;
    }

    private FieldModel ParseField(string[] words, int line)
    {
        if (words.Length < 3)
        {
            throw new SchemaException("LQ0001", line, "A field is: Name type versions, then its attributes.");
        }

        bool isArray = words[1].StartsWith("[]", StringComparison.Ordinal);
        var field = new FieldModel
        {
            Name = char.ToUpperInvariant(words[0][0]) + words[0].Substring(1),
            IsArray = isArray,
            Type = isArray ? words[1].Substring(2) : words[1],
            Versions = ParseRange(words[2], line),
            Line = line,
            Doc = TakeDoc(),
        };
        for (int i = 3; i < words.Length; i++)
        {
            i = ParseAttribute(field, words, i, line);
        }

        return field;
    }

    private static int ParseAttribute(FieldModel field, string[] words, int i, int line)
    {
        string Next(int ahead) => i + ahead < words.Length ? words[i + ahead] : "";
        switch (words[i])
        {
            case "null":
                field.NullableVersions = ParseRange(Next(1), line);
                return i + 1;
            case "tag":
                if (!int.TryParse(Next(1), NumberStyles.None, CultureInfo.InvariantCulture, out int tag))
                {
                    throw new SchemaException("LQ0001", line, "A tag is: tag N (RANGE).");
                }

                field.Tag = tag;
                field.TagVersions = ParseRange(Next(2).Trim('(', ')'), line);
                return i + 2;
            case "=":
                bool isEmpty = Next(1) is "" or "ignorable" or "key" or "tag";
                field.Default = isEmpty ? "" : Next(1);
                return isEmpty ? i : i + 1;
            case "key":
                return i;
            case "ignorable":
                field.Ignorable = true;
                return i;
            case "flexible" when Next(1) == "none":
                field.NeverCompact = true;
                return i + 1;
            default:
                throw new SchemaException("LQ0001", line, $"'{words[i]}' is no attribute: null, tag, =, key, ignorable or flexible none.");
        }
    }

    private string TakeDoc()
    {
        string doc = string.Join(" ", _doc);
        _doc.Clear();
        return doc;
    }
}
