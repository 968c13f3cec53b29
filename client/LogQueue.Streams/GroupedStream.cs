using LogQueue.Streams.Topology;

namespace LogQueue.Streams;

/// <summary>A stream grouped by key. Not thread-safe.</summary>
/// <typeparam name="TKey">Key type.</typeparam>
/// <typeparam name="TValue">Value type.</typeparam>
public sealed class GroupedStream<TKey, TValue>
    where TKey : notnull
{
    private readonly NodeOutput<TKey, TValue> _output;

    internal GroupedStream(NodeOutput<TKey, TValue> output) => _output = output;

    /// <summary>Cuts each key's records into windows of event time.</summary>
    public WindowedStream<TKey, TValue> Window(WindowSpec window)
    {
        ArgumentNullException.ThrowIfNull(window);
        return new WindowedStream<TKey, TValue>(_output, window);
    }
}
