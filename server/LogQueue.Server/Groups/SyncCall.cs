namespace LogQueue.Server.Groups;

/// <summary>What a member asks when it fetches its assignment, or, as the leader, hands everyone's in. Owns its memory.</summary>
internal sealed record SyncCall
{
    /// <summary>Who asks.</summary>
    public required string MemberId { get; init; }

    /// <summary>Its static name, or null.</summary>
    public string? InstanceId { get; init; }

    /// <summary>The generation it joined.</summary>
    public required int GenerationId { get; init; }

    /// <summary>Checked against the group when present (v5+).</summary>
    public string? ProtocolType { get; init; }

    /// <summary>Checked against the group when present (v5+).</summary>
    public string? ProtocolName { get; init; }

    /// <summary>Assignment by member id; empty unless the caller is the leader.</summary>
    public IReadOnlyDictionary<string, byte[]> Assignments { get; init; } = new Dictionary<string, byte[]>();
}
