using System.Diagnostics.CodeAnalysis;
using LogQueue.Engine.Groups;
using LogQueue.Records;

namespace LogQueue.Server.Groups;

/// <summary>What the coordinator needs of the log engine: stored groups and offsets, and which topics there are. Thread-safe.</summary>
internal interface IGroupStore
{
    /// <summary>Every group with offsets or a stored state.</summary>
    IReadOnlyList<string> Groups { get; }

    /// <summary>Stores offsets; durable when it returns.</summary>
    ValueTask CommitAsync(string group, IReadOnlyList<OffsetToCommit> offsets, CancellationToken cancellationToken);

    /// <summary>The committed offset of one partition.</summary>
    bool TryGetOffset(string group, TopicPartition partition, out CommittedOffset offset);

    /// <summary>All committed offsets of a group.</summary>
    IReadOnlyList<KeyValuePair<TopicPartition, CommittedOffset>> OffsetsOf(string group);

    /// <summary>Deletes offsets, or with null the whole group; durable when it returns.</summary>
    ValueTask DeleteAsync(string group, IReadOnlyList<TopicPartition>? partitions, CancellationToken cancellationToken);

    /// <summary>Stores the state of a group; durable when it returns.</summary>
    ValueTask SaveGroupAsync(GroupSnapshot snapshot, CancellationToken cancellationToken);

    /// <summary>The stored state of a group.</summary>
    bool TryGetGroup(string group, [NotNullWhen(true)] out GroupSnapshot? snapshot);

    /// <summary>True when the topic exists and has that partition.</summary>
    bool HasPartition(TopicPartition partition);

    /// <summary>The name of a topic by its id.</summary>
    bool TryGetTopicName(Guid topicId, [NotNullWhen(true)] out string? name);

    /// <summary>The id of a topic by its name.</summary>
    bool TryGetTopicId(string name, out Guid topicId);
}
