namespace LogQueue.Client.Groups;

/// <summary>As whom a group is spoken to: a member of a generation, or an outsider (generation -1).</summary>
internal sealed record GroupIdentity(string MemberId, int GenerationId, string? InstanceId)
{
    public static GroupIdentity Outsider { get; } = new("", -1, null);
}
