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
}
