using LogQueue.Client;
using LogQueue.Streams.Runtime;

namespace LogQueue.Streams.Topology;

/// <summary>Where a topic's records enter. Built single-threaded, then read only.</summary>
internal abstract class SourceNode(string topic) : Node($"topic {topic}")
{
    public string Topic { get; } = topic;

    /// <summary>Makes the entry of one task: what it is given a record, it decodes, times and sends on.</summary>
    public abstract Func<ConsumedRecord, ValueTask> CreateEntry(StreamTask task);
}
