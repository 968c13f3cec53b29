namespace LogQueue.Engine.Groups;

/// <summary>A stored member of a group. Immutable.</summary>
public sealed record GroupMemberSnapshot
{
    /// <summary>The member id the coordinator gave.</summary>
    public required string MemberId { get; init; }

    /// <summary>The static member's own id; null for a dynamic member.</summary>
    public string? GroupInstanceId { get; init; }

    /// <summary>The client id.</summary>
    public string ClientId { get; init; } = "";

    /// <summary>Where it connected from.</summary>
    public string ClientHost { get; init; } = "";

    /// <summary>Its rebalance timeout in milliseconds.</summary>
    public int RebalanceTimeoutMs { get; init; }

    /// <summary>Its session timeout in milliseconds.</summary>
    public int SessionTimeoutMs { get; init; }

    /// <summary>Its subscription for the chosen protocol; opaque.</summary>
    public ReadOnlyMemory<byte> Subscription { get; init; }

    /// <summary>Its assignment; opaque.</summary>
    public ReadOnlyMemory<byte> Assignment { get; init; }
}
