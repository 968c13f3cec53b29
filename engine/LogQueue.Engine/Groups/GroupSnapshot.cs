namespace LogQueue.Engine.Groups;

/// <summary>The stored state of a group: what survives a restart. Immutable.</summary>
public sealed record GroupSnapshot
{
    /// <summary>The group id.</summary>
    public required string Group { get; init; }

    /// <summary>Such as <c>consumer</c>; empty for a group that only stores offsets.</summary>
    public string ProtocolType { get; init; } = "";

    /// <summary>The generation.</summary>
    public int GenerationId { get; init; }

    /// <summary>The chosen protocol; null while there is none.</summary>
    public string? Protocol { get; init; }

    /// <summary>The leader's member id; null while there is none.</summary>
    public string? Leader { get; init; }

    /// <summary>
    /// When it came into this state, in milliseconds since 1970; -1 when unknown. For an empty group: since when it is empty.
    /// </summary>
    public long StateTimestampMs { get; init; } = -1;

    /// <summary>Its members; empty for an empty group.</summary>
    public IReadOnlyList<GroupMemberSnapshot> Members { get; init; } = [];
}
