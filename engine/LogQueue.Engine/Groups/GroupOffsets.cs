using System.Diagnostics.CodeAnalysis;
using LogQueue.Records;

namespace LogQueue.Engine.Groups;

/// <summary>
/// Committed offsets and stored states of groups, kept in <c>__consumer_offsets</c> in Kafka's own record format.
/// Everything is durable when the call returns, whatever the engine's durability. Thread-safe.
/// </summary>
public sealed class GroupOffsets
{
    internal GroupOffsets()
    {
    }

    /// <summary>Says whether a group has live members, so that its offsets do not expire. Set by the group coordinator; null asks the stored state.</summary>
    public Func<string, bool>? GroupInUse { get; set; }

    /// <summary>Ids of all groups with offsets or a stored state, sorted.</summary>
    public IReadOnlyList<string> Groups => throw new NotSupportedException();

    /// <summary>Stores positions of a group; all or none, durable when it returns. Concurrent commits share a sync.</summary>
    public ValueTask CommitAsync(string group, IReadOnlyList<OffsetToCommit> offsets, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>The stored position of a group in a partition.</summary>
    public bool TryGet(string group, TopicPartition partition, out CommittedOffset offset) => throw new NotSupportedException();

    /// <summary>All stored positions of a group; empty for an unknown one.</summary>
    public IReadOnlyList<KeyValuePair<TopicPartition, CommittedOffset>> Of(string group) => throw new NotSupportedException();

    /// <summary>Removes positions of a group; null for the group as a whole, its stored state included. Durable when it returns.</summary>
    public ValueTask DeleteAsync(string group, IReadOnlyList<TopicPartition>? partitions, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Stores the state of a group; durable when it returns.</summary>
    public ValueTask SaveGroupAsync(GroupSnapshot snapshot, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>The stored state of a group.</summary>
    public bool TryGetGroup(string group, [NotNullWhen(true)] out GroupSnapshot? snapshot) => throw new NotSupportedException();

    /// <summary>The partition of <c>__consumer_offsets</c> that holds a group, as Kafka chooses it.</summary>
    public int PartitionOf(string group) => throw new NotSupportedException();

    /// <summary>Removes what has expired from groups that are not in use; maintenance calls it. Returns the number of positions removed.</summary>
    public ValueTask<int> ExpireAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();
}
