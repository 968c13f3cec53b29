using LogQueue.Records;

namespace LogQueue.Engine.Groups;

/// <summary>What a shard remembers of one group. Guarded by the shard.</summary>
internal sealed class GroupState
{
    /// <summary>Positions by partition; a null offset is a deletion that an older commit may still try to overtake.</summary>
    public Dictionary<TopicPartition, Entry> Offsets { get; } = [];

    /// <summary>The stored state; null when there is none.</summary>
    public GroupSnapshot? Snapshot { get; set; }

    /// <summary>Offset of the record that set <see cref="Snapshot"/>.</summary>
    public long SnapshotLogOffset { get; set; } = -1;

    /// <summary>True when there is nothing to remember.</summary>
    public bool IsEmpty => Offsets.Count == 0 && Snapshot is null;

    /// <summary>True when somebody would see this group.</summary>
    public bool Exists => Snapshot is not null || Offsets.Values.Any(static entry => entry.Offset is not null);

    /// <summary>A position and the offset of the record that set it.</summary>
    internal readonly record struct Entry(CommittedOffset? Offset, long LogOffset);

    /// <summary>Applies a change that lies at this offset of the log, unless a newer one was applied before.</summary>
    public void Apply(in GroupChange change, long logOffset, List<(string Group, TopicPartition Partition)> removals)
    {
        if (change.Kind == GroupChangeKind.State)
        {
            if (logOffset > SnapshotLogOffset)
            {
                (Snapshot, SnapshotLogOffset) = (change.Snapshot, logOffset);
                removals.Add((change.Group, default));
            }
        }
        else if (!Offsets.TryGetValue(change.Partition, out Entry entry) || logOffset > entry.LogOffset)
        {
            Offsets[change.Partition] = new Entry(change.Offset, logOffset);
            if (change.Offset is null)
            {
                removals.Add((change.Group, change.Partition));
            }
        }
    }

    /// <summary>What a rewrite of the log must keep of this group.</summary>
    public IEnumerable<GroupChange> Live(string group)
    {
        if (Snapshot is { } snapshot)
        {
            yield return GroupChange.State(group, snapshot);
        }

        foreach ((TopicPartition topicPartition, Entry entry) in Offsets)
        {
            if (entry.Offset is { } offset)
            {
                yield return GroupChange.Commit(group, topicPartition, offset);
            }
        }
    }
}
