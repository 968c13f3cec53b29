using LogQueue.Records;

namespace LogQueue.Engine.Groups;

/// <summary>One record of <c>__consumer_offsets</c>, decoded: what it does to a group.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Group">The group.</param>
/// <param name="Partition">For offsets: the partition.</param>
/// <param name="Offset">For offsets: the position; null removes it.</param>
/// <param name="Snapshot">For states: the state; null removes it.</param>
internal readonly record struct GroupChange(
    GroupChangeKind Kind, string Group, TopicPartition Partition = default, CommittedOffset? Offset = null, GroupSnapshot? Snapshot = null)
{
    public static GroupChange Commit(string group, TopicPartition partition, CommittedOffset? offset) =>
        new(GroupChangeKind.Offset, group, partition, offset);

    public static GroupChange State(string group, GroupSnapshot? snapshot) => new(GroupChangeKind.State, group, Snapshot: snapshot);
}

/// <summary>Kinds of records of <c>__consumer_offsets</c>.</summary>
internal enum GroupChangeKind
{
    /// <summary>A committed offset.</summary>
    Offset,

    /// <summary>The state of a classic group.</summary>
    State,

    /// <summary>A kind that this code keeps without reading it.</summary>
    Other,
}
