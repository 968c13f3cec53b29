using LogQueue.Streams.Topology;
using LogQueue.Streams.Windowing;

namespace LogQueue.Streams;

/// <summary>A windowed aggregate whose results still need a moment to be emitted at. Not thread-safe.</summary>
/// <typeparam name="TKey">Key type.</typeparam>
/// <typeparam name="TValue">Type of the records' values.</typeparam>
/// <typeparam name="TResult">Type of the aggregate.</typeparam>
public sealed class AggregatedStream<TKey, TValue, TResult>
    where TKey : notnull
{
    private readonly NodeOutput<TKey, TValue> _output;
    private readonly WindowSpec _window;
    private readonly Func<TResult> _create;
    private readonly Func<TResult, TValue, TResult> _add;
    private Func<StreamRecord<TKey, TValue>, ValueTask>? _late;

    internal AggregatedStream(NodeOutput<TKey, TValue> output, WindowSpec window, Func<TResult> create, Func<TResult, TValue, TResult> add)
    {
        _output = output;
        _window = window;
        _create = create;
        _add = add;
    }

    /// <summary>Hands the records that came after their window closed to code; without this they are only counted.</summary>
    public AggregatedStream<TKey, TValue, TResult> LateTo(Func<StreamRecord<TKey, TValue>, ValueTask> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        _late = action;
        return this;
    }

    /// <summary>
    /// One result a window, when event time has passed its end and grace. A closed window never opens again, so a replay at any speed gives
    /// the same results.
    /// </summary>
    public EventStream<Windowed<TKey>, TResult> EmitOnClose() => Emit(onUpdate: false);

    /// <summary>A result after every record; the last one of a window is what <see cref="EmitOnClose"/> would give.</summary>
    public EventStream<Windowed<TKey>, TResult> EmitOnUpdate() => Emit(onUpdate: true);

    private EventStream<Windowed<TKey>, TResult> Emit(bool onUpdate)
    {
        var node = new StepNode<Windowed<TKey>, TResult>($"aggregate by key, {_window}, emit on {(onUpdate ? "update" : "close")}");
        Func<StreamRecord<TKey, TValue>, ValueTask>? late = _late;
        _output.Attach(node, task => new WindowAggregator<TKey, TValue, TResult>(
            task, _window, _create, _add, onUpdate, late, node.Output.CreateProcessor(task)));
        return new EventStream<Windowed<TKey>, TResult>(node.Output);
    }
}
