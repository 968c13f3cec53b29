namespace LogQueue.Engine.Metadata;

/// <summary>What the metadata log says about one topic. Owned by the <see cref="Catalogue"/>.</summary>
internal sealed class TopicEntry(string name, Guid id)
{
    /// <summary>The name.</summary>
    public string Name { get; } = name;

    /// <summary>The id.</summary>
    public Guid Id { get; } = id;

    /// <summary>Number of partitions.</summary>
    public int PartitionCount { get; set; }
}
