using LogQueue.Streams.Topology;

namespace LogQueue.Streams;

/// <summary>A grouped stream cut into windows. Not thread-safe.</summary>
/// <typeparam name="TKey">Key type.</typeparam>
/// <typeparam name="TValue">Value type.</typeparam>
public sealed class WindowedStream<TKey, TValue>
    where TKey : notnull
{
    private readonly NodeOutput<TKey, TValue> _output;
    private readonly WindowSpec _window;

    internal WindowedStream(NodeOutput<TKey, TValue> output, WindowSpec window)
    {
        _output = output;
        _window = window;
    }

    /// <summary>Folds the records of each key and window into one value.</summary>
    /// <param name="create">Makes the value of an empty window.</param>
    /// <param name="add">Adds one record's value; may change and return the accumulator it was given.</param>
    public AggregatedStream<TKey, TValue, TResult> Aggregate<TResult>(Func<TResult> create, Func<TResult, TValue, TResult> add)
    {
        ArgumentNullException.ThrowIfNull(create);
        ArgumentNullException.ThrowIfNull(add);
        return new AggregatedStream<TKey, TValue, TResult>(_output, _window, create, add);
    }
}
