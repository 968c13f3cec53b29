namespace LogQueue.Protocol.Generator;

/// <summary>One declared field. Filled by the parser, then read only.</summary>
internal sealed class FieldModel
{
    public string Name { get; set; } = "";

    /// <summary>Declared type without the array mark.</summary>
    public string Type { get; set; } = "";

    public bool IsArray { get; set; }

    /// <summary>The structure this field (or its elements) has; null for primitive types.</summary>
    public StructModel? Struct { get; set; }

    public VersionRange Versions { get; set; }

    public VersionRange NullableVersions { get; set; } = VersionRange.None;

    /// <summary>Tag number, or -1.</summary>
    public int Tag { get; set; } = -1;

    public VersionRange TagVersions { get; set; } = VersionRange.None;

    /// <summary>Declared default as text, or null where the type's own default holds.</summary>
    public string? Default { get; set; }

    public bool Ignorable { get; set; }

    /// <summary>True when the field keeps its plain form in flexible versions too.</summary>
    public bool NeverCompact { get; set; }

    public string Doc { get; set; } = "";

    public int Line { get; set; }

    public bool IsNullable => !NullableVersions.IsEmpty || Default == "null";
}
