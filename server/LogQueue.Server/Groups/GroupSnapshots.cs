using LogQueue.Engine.Groups;

namespace LogQueue.Server.Groups;

/// <summary>Between a live group and what of it is stored.</summary>
internal static class GroupSnapshots
{
    /// <summary>A copy of what must outlive a restart.</summary>
    public static GroupSnapshot Of(Group group) => new()
    {
        Group = group.Id,
        ProtocolType = group.ProtocolType ?? "",
        GenerationId = group.GenerationId,
        Protocol = group.ProtocolName,
        Leader = group.LeaderId,
        StateTimestampMs = group.PhaseSinceUnixMs,
        Members =
        [
            .. group.Members.Select(m => new GroupMemberSnapshot
            {
                MemberId = m.Id,
                GroupInstanceId = m.InstanceId,
                ClientId = m.ClientId,
                ClientHost = m.ClientHost,
                SessionTimeoutMs = m.SessionTimeoutMs,
                RebalanceTimeoutMs = m.RebalanceTimeoutMs,
                Subscription = m.MetadataFor(group.ProtocolName),
                Assignment = m.Assignment,
            }),
        ],
    };

    /// <summary>A member as it was stored; of its protocols only the chosen one is known.</summary>
    public static GroupMember ToMember(GroupMemberSnapshot stored, string? protocol) =>
        new(stored.MemberId, stored.GroupInstanceId, stored.ClientId, stored.ClientHost)
        {
            SessionTimeoutMs = stored.SessionTimeoutMs,
            RebalanceTimeoutMs = stored.RebalanceTimeoutMs,
            Protocols = [new GroupProtocol(protocol ?? "", stored.Subscription.ToArray())],
            Assignment = stored.Assignment.ToArray(),
            KnowsItsId = true,
        };
}
