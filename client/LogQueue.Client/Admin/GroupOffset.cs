namespace LogQueue.Client.Admin;

/// <summary>A group's stored position in a partition.</summary>
/// <param name="Offset">The next offset it will read.</param>
/// <param name="LeaderEpoch">The leader epoch of what it read last; -1 when unknown.</param>
/// <param name="Metadata">What the committer noted beside it.</param>
public sealed record GroupOffset(long Offset, int LeaderEpoch, string? Metadata);
