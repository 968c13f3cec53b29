using System;
using System.Text;

namespace LogQueue.Protocol.Generator;

/// <summary>Text of a C# file with its indentation. Not thread-safe.</summary>
internal sealed class CodeText
{
    private readonly StringBuilder _text = new();
    private int _depth;

    public void Line(string line = "")
    {
        if (line.Length > 0)
        {
            _text.Append(' ', _depth * 4).Append(line);
        }

        _text.Append('\n');
    }

    public void Doc(string text)
    {
        if (text.Length > 0)
        {
            Line($"/// <summary>{text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;")}</summary>");
        }
    }

    /// <summary>Writes the line, an opening brace, what <paramref name="body"/> writes, and the closing brace.</summary>
    public void Block(string line, Action body)
    {
        Line(line);
        Line("{");
        _depth++;
        body();
        _depth--;
        Line("}");
    }

    /// <summary>A block under a condition, or just its body where the condition is empty.</summary>
    public void If(string condition, Action body)
    {
        if (condition.Length == 0)
        {
            body();
        }
        else
        {
            Block($"if ({condition})", body);
        }
    }

    public override string ToString() => _text.ToString();
}
