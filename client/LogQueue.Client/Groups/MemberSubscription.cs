using LogQueue.Records;

namespace LogQueue.Client.Groups;

/// <summary>What a member wants and what it has.</summary>
/// <param name="Topics">The topics it reads.</param>
/// <param name="Owned">The partitions it reads now and keeps while the group rebalances; empty from members that hand all over.</param>
/// <param name="GenerationId">The generation in which it got them; -1 unknown.</param>
internal sealed record MemberSubscription(string[] Topics, IReadOnlyList<TopicPartition> Owned, int GenerationId);
