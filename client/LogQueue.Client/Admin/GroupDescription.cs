namespace LogQueue.Client.Admin;

/// <summary>A group with its members.</summary>
/// <param name="GroupId">Its name.</param>
/// <param name="State">Stable, Empty, PreparingRebalance, CompletingRebalance or Dead (it does not exist).</param>
/// <param name="ProtocolType">"consumer" for consumers; empty when it only stores offsets.</param>
/// <param name="Assignor">The assignor its members agreed on; empty while there is none.</param>
/// <param name="Members">Its live members.</param>
public sealed record GroupDescription(
    string GroupId, string State, string ProtocolType, string Assignor, IReadOnlyList<GroupMember> Members);
