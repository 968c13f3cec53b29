using LogQueue.Protocol;

namespace LogQueue.Server.Groups;

/// <summary>The answer to a join, independent of the wire version.</summary>
internal sealed record JoinOutcome
{
    /// <summary>Why the join failed, or <see cref="ErrorCode.None"/>.</summary>
    public ErrorCode Error { get; init; }

    /// <summary>The id the caller goes by from now on.</summary>
    public string MemberId { get; init; } = "";

    /// <summary>-1 when the join failed.</summary>
    public int GenerationId { get; init; } = -1;

    /// <summary>Protocol type of the group; null when the join failed.</summary>
    public string? ProtocolType { get; init; }

    /// <summary>The chosen protocol; null when the join failed.</summary>
    public string? ProtocolName { get; init; }

    /// <summary>Member id of the leader; empty when the join failed.</summary>
    public string Leader { get; init; } = "";

    /// <summary>The leader must keep the assignment that stands.</summary>
    public bool SkipAssignment { get; init; }

    /// <summary>Every member with its metadata, for the leader only.</summary>
    public IReadOnlyList<JoinedMember> Members { get; init; } = [];

    /// <summary>A refusal.</summary>
    public static JoinOutcome Refuse(ErrorCode error, string memberId) => new() { Error = error, MemberId = memberId };
}
