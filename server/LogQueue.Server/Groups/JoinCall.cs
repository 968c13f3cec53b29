namespace LogQueue.Server.Groups;

/// <summary>What a member asks when it joins. Owns its memory.</summary>
internal sealed record JoinCall
{
    /// <summary>Empty for a newcomer.</summary>
    public required string MemberId { get; init; }

    /// <summary>The id that the group gives if this caller needs one.</summary>
    public required string OfferedMemberId { get; init; }

    /// <summary>Name of a static member; null for a dynamic one.</summary>
    public string? InstanceId { get; init; }

    /// <summary>Client id of the request header, for DescribeGroups.</summary>
    public string ClientId { get; init; } = "";

    /// <summary>Where the client calls from, for DescribeGroups.</summary>
    public string ClientHost { get; init; } = "";

    /// <summary>Milliseconds without a sign of life after which the member is removed.</summary>
    public required int SessionTimeoutMs { get; init; }

    /// <summary>Milliseconds the member may take to come back when a rebalance starts.</summary>
    public required int RebalanceTimeoutMs { get; init; }

    /// <summary>"consumer" for consumers, "connect" for Connect workers.</summary>
    public required string ProtocolType { get; init; }

    /// <summary>In order of preference.</summary>
    public required IReadOnlyList<GroupProtocol> Protocols { get; init; }

    /// <summary>JoinGroup v4+: a dynamic newcomer first gets its id, and joins with it.</summary>
    public bool RequiresKnownMemberId { get; init; }

    /// <summary>JoinGroup v9+: a static leader that came back can be told not to assign anew.</summary>
    public bool SupportsSkipAssignment { get; init; }
}
