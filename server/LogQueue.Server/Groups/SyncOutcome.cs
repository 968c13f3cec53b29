using LogQueue.Protocol;

namespace LogQueue.Server.Groups;

/// <summary>The answer to a sync.</summary>
/// <param name="Error">Why it failed, or <see cref="ErrorCode.None"/>.</param>
/// <param name="ProtocolType">Protocol type of the group; null when the sync failed.</param>
/// <param name="ProtocolName">The chosen protocol; null when the sync failed.</param>
/// <param name="Assignment">Opaque; empty when the leader gave the member nothing.</param>
internal sealed record SyncOutcome(ErrorCode Error, string? ProtocolType, string? ProtocolName, byte[] Assignment)
{
    /// <summary>A refusal.</summary>
    public static SyncOutcome Refuse(ErrorCode error) => new(error, null, null, []);
}
