using System.Collections.Generic;

namespace LogQueue.Protocol.Generator;

/// <summary>A structure of fields: the message itself or one nested in it. Filled by the parser, then read only.</summary>
internal sealed class StructModel
{
    public string Name { get; set; } = "";

    /// <summary>The C# name: the declared one, or that with "Value" where a field of the message already has it.</summary>
    public string TypeName { get; set; } = "";

    public string Doc { get; set; } = "";

    public List<FieldModel> Fields { get; } = new();

    public int Line { get; set; }
}
