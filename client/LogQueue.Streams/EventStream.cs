using LogQueue.Client.Serialization;
using LogQueue.Streams.Topology;

namespace LogQueue.Streams;

/// <summary>A stream of keyed records in a declaration. Each call adds a step and leaves this stream as it was. Not thread-safe.</summary>
/// <typeparam name="TKey">Key type.</typeparam>
/// <typeparam name="TValue">Value type.</typeparam>
public sealed class EventStream<TKey, TValue>
    where TKey : notnull
{
    private readonly NodeOutput<TKey, TValue> _output;
    private readonly SourceNode<TKey, TValue>? _source;

    internal EventStream(NodeOutput<TKey, TValue> output, SourceNode<TKey, TValue>? source = null)
    {
        _output = output;
        _source = source;
    }

    /// <summary>Takes event time from the value instead of the record's timestamp.</summary>
    /// <exception cref="InvalidOperationException">This is not the stream as it comes from its topic.</exception>
    public EventStream<TKey, TValue> WithEventTime(Func<TValue, DateTimeOffset> eventTime)
    {
        ArgumentNullException.ThrowIfNull(eventTime);
        if (_source is null)
        {
            throw new InvalidOperationException("Event time is set right after Stream(), before any other step.");
        }

        _source.EventTime = eventTime;
        return this;
    }

    /// <summary>Keeps the records for which <paramref name="predicate"/> is true.</summary>
    public EventStream<TKey, TValue> Where(Func<TKey, TValue, bool> predicate)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        var node = new StepNode<TKey, TValue>("filter");
        _output.Attach(node, task =>
        {
            IProcessor<TKey, TValue> next = node.Output.CreateProcessor(task);
            return new StepProcessor<TKey, TValue>(record => predicate(record.Key, record.Value) ? next.ProcessAsync(record)
                : ValueTask.CompletedTask);
        });
        return new EventStream<TKey, TValue>(node.Output);
    }

    /// <summary>Makes a new value of each record; key and event time stay.</summary>
    public EventStream<TKey, TResult> Select<TResult>(Func<TKey, TValue, TResult> selector)
    {
        ArgumentNullException.ThrowIfNull(selector);
        var node = new StepNode<TKey, TResult>("map");
        _output.Attach(node, task =>
        {
            IProcessor<TKey, TResult> next = node.Output.CreateProcessor(task);
            return new StepProcessor<TKey, TValue>(record =>
                next.ProcessAsync(new StreamRecord<TKey, TResult>(record.Key, selector(record.Key, record.Value), record.EventTimeMs)));
        });
        return new EventStream<TKey, TResult>(node.Output);
    }

    /// <summary>Groups by the key the records have in their topic: equal keys are in one partition, so no data moves.</summary>
    public GroupedStream<TKey, TValue> GroupByKey() => new(_output);

    /// <summary>Writes the records to a topic, with event time as their timestamp.</summary>
    public void To(string topic, ISerde<TKey> key, ISerde<TValue> value)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(topic);
        _output.Attach(new EndNode($"to topic {topic}"), task => new SinkProcessor<TKey, TValue>(task, topic, key, value));
    }

    /// <summary>Hands the records to code, one after the other. An exception ends the application; it will see the record again.</summary>
    public void ForEach(Func<StreamRecord<TKey, TValue>, ValueTask> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        _output.Attach(new EndNode("to code"), _ => new StepProcessor<TKey, TValue>(action));
    }

    /// <inheritdoc cref="ForEach(Func{StreamRecord{TKey, TValue}, ValueTask})"/>
    public void ForEach(Action<StreamRecord<TKey, TValue>> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        ForEach(record =>
        {
            action(record);
            return ValueTask.CompletedTask;
        });
    }
}
