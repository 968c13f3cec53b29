namespace LogQueue.Server.Groups;

/// <summary>A member as the leader sees it.</summary>
/// <param name="MemberId">Its id in this generation.</param>
/// <param name="InstanceId">Its static name, or null.</param>
/// <param name="Metadata">Its metadata for the chosen protocol.</param>
internal sealed record JoinedMember(string MemberId, string? InstanceId, byte[] Metadata);
