using LogQueue.Engine.Partitions;

namespace LogQueue.Engine.Topics;

/// <summary>A topic: a name, an id, settings and partitions. Thread-safe; partitions and settings change in place.</summary>
public sealed class Topic
{
    private Partition[] _partitions = [];
    private TopicConfig _config;

    internal Topic(string name, Guid id, TopicConfig config)
    {
        Name = name;
        Id = id;
        _config = config;
        IsInternal = TopicName.IsInternal(name);
    }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>The id: a topic that is deleted and created again has another.</summary>
    public Guid Id { get; }

    /// <summary>True for the engine's own topics, whose names start with two underscores and which clients may not write.</summary>
    public bool IsInternal { get; }

    /// <summary>Its partitions, by number; a snapshot.</summary>
    public IReadOnlyList<Partition> Partitions => Volatile.Read(ref _partitions);

    /// <summary>Its settings; a snapshot.</summary>
    public TopicConfig Config => Volatile.Read(ref _config);

    /// <summary>True once the topic was deleted.</summary>
    public bool IsDeleted { get; private set; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({Partitions.Count} partitions)";

    internal void MarkDeleted() => IsDeleted = true;

    internal void SetPartitions(Partition[] partitions) => Volatile.Write(ref _partitions, partitions);

    internal void SetConfig(TopicConfig config) => Volatile.Write(ref _config, config);
}
