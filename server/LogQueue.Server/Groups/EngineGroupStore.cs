using System.Diagnostics.CodeAnalysis;
using LogQueue.Engine;
using LogQueue.Engine.Groups;
using LogQueue.Engine.Topics;
using LogQueue.Records;

namespace LogQueue.Server.Groups;

/// <summary>Groups and offsets in the log engine. Thread-safe.</summary>
internal sealed class EngineGroupStore : IGroupStore
{
    private readonly LogEngine _engine;

    /// <summary>Over an open engine, whose own expiry of offsets it takes over.</summary>
    public EngineGroupStore(LogEngine engine)
    {
        _engine = engine;

        // The coordinator knows members and subscriptions, so it alone decides what expires; see GroupSweep.
        engine.GroupOffsets.GroupInUse = static _ => true;
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Groups => _engine.GroupOffsets.Groups;

    /// <inheritdoc/>
    public ValueTask CommitAsync(string group, IReadOnlyList<OffsetToCommit> offsets, CancellationToken cancellationToken) =>
        _engine.GroupOffsets.CommitAsync(group, offsets, cancellationToken);

    /// <inheritdoc/>
    public bool TryGetOffset(string group, TopicPartition partition, out CommittedOffset offset) =>
        _engine.GroupOffsets.TryGet(group, partition, out offset);

    /// <inheritdoc/>
    public IReadOnlyList<KeyValuePair<TopicPartition, CommittedOffset>> OffsetsOf(string group) => _engine.GroupOffsets.Of(group);

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string group, IReadOnlyList<TopicPartition>? partitions, CancellationToken cancellationToken) =>
        _engine.GroupOffsets.DeleteAsync(group, partitions, cancellationToken);

    /// <inheritdoc/>
    public ValueTask SaveGroupAsync(GroupSnapshot snapshot, CancellationToken cancellationToken) =>
        _engine.GroupOffsets.SaveGroupAsync(snapshot, cancellationToken);

    /// <inheritdoc/>
    public bool TryGetGroup(string group, [NotNullWhen(true)] out GroupSnapshot? snapshot) =>
        _engine.GroupOffsets.TryGetGroup(group, out snapshot);

    /// <inheritdoc/>
    public bool HasPartition(TopicPartition partition) =>
        partition.Partition >= 0 && _engine.TryGetTopic(partition.Topic, out Topic? topic) && partition.Partition < topic.Partitions.Count;

    /// <inheritdoc/>
    public bool TryGetTopicName(Guid topicId, [NotNullWhen(true)] out string? name)
    {
        name = _engine.TryGetTopic(topicId, out Topic? topic) ? topic.Name : null;
        return name is not null;
    }

    /// <inheritdoc/>
    public bool TryGetTopicId(string name, out Guid topicId)
    {
        bool found = _engine.TryGetTopic(name, out Topic? topic);
        topicId = found ? topic!.Id : default;
        return found;
    }
}
