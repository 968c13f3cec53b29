using System.Collections.Generic;

namespace LogQueue.Protocol.Generator;

/// <summary>One message of a schema file. Filled by the parser, then read only.</summary>
internal sealed class MessageModel
{
    /// <summary>request, response, header, data, key, value or record.</summary>
    public string Kind { get; set; } = "";

    /// <summary>API key, or the number of an internal record; -1 when there is none.</summary>
    public int Number { get; set; } = -1;

    public VersionRange Versions { get; set; }

    public VersionRange FlexibleVersions { get; set; } = VersionRange.None;

    public StructModel Root { get; } = new();

    /// <summary>Nested structures in the order of their declaration.</summary>
    public List<StructModel> Structs { get; } = new();

    public bool IsApi => Kind is "request" or "response";

    /// <summary>Records of internal topics are the engine's own; wire messages are public.</summary>
    public bool IsInternal => Kind is "key" or "value" or "record";
}
