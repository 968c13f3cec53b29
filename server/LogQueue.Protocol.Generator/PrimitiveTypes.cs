using System.Collections.Generic;

namespace LogQueue.Protocol.Generator;

/// <summary>What a primitive wire type is in C#, how it is read and written, and its least size. Immutable.</summary>
internal sealed class PrimitiveTypes
{
    private static readonly Dictionary<string, PrimitiveTypes> ByName = new()
    {
        ["bool"] = new("bool", "Boolean", 1),
        ["int8"] = new("sbyte", "Int8", 1),
        ["int16"] = new("short", "Int16", 2),
        ["uint16"] = new("ushort", "UInt16", 2),
        ["int32"] = new("int", "Int32", 4),
        ["uint32"] = new("uint", "UInt32", 4),
        ["int64"] = new("long", "Int64", 8),
        ["float64"] = new("double", "Float64", 8),
        ["uuid"] = new("Guid", "Uuid", 16),
        ["string"] = new("string", "String", 0),
        ["bytes"] = new("ReadOnlyMemory<byte>", "Bytes", 0),
        ["records"] = new("RecordSet", "Records", 0),
    };

    private PrimitiveTypes(string csharp, string verb, int fixedBytes)
    {
        CSharp = csharp;
        Verb = verb;
        FixedBytes = fixedBytes;
    }

    public string CSharp { get; }

    /// <summary>Suffix of the reader's and writer's methods.</summary>
    public string Verb { get; }

    /// <summary>Size on the wire, 0 when it varies.</summary>
    public int FixedBytes { get; }

    public static bool TryGet(string name, out PrimitiveTypes type) => ByName.TryGetValue(name, out type!);

    public static string Names => string.Join(", ", ByName.Keys);

    /// <summary>Least size of a value on the wire.</summary>
    public int LeastBytes(string name, bool compact) => FixedBytes > 0 ? FixedBytes : compact ? 1 : name == "string" ? 2 : 4;
}
