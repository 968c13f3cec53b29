using System;

namespace LogQueue.Protocol.Generator;

/// <summary>A schema that breaks its grammar: the rule's id, the line (zero-based) and what to do.</summary>
internal sealed class SchemaException : Exception
{
    public SchemaException(string id, int line, string message)
        : base(message)
    {
        Id = id;
        Line = line;
    }

    public string Id { get; }

    public int Line { get; }
}
