using LogQueue.Client;
using LogQueue.Client.Serialization;
using LogQueue.Streams.Runtime;

namespace LogQueue.Streams.Topology;

/// <summary>The typed source of a topic. Built single-threaded, then read only.</summary>
internal sealed class SourceNode<TKey, TValue> : SourceNode
    where TKey : notnull
{
    private readonly ISerde<TKey> _key;
    private readonly ISerde<TValue> _value;

    public SourceNode(string topic, ISerde<TKey> key, ISerde<TValue> value)
        : base(topic)
    {
        _key = key;
        _value = value;
        Output = new NodeOutput<TKey, TValue>(this);
    }

    public NodeOutput<TKey, TValue> Output { get; }

    public Func<TValue, DateTimeOffset>? EventTime { get; set; }

    public override Func<ConsumedRecord, ValueTask> CreateEntry(StreamTask task)
    {
        IProcessor<TKey, TValue> next = Output.CreateProcessor(task);
        return record =>
        {
            // A record without key or value says nothing to a keyed stream: it is passed over, but time goes on.
            if (record.Key is not { } key || record.Value is not { } value)
            {
                task.ObserveEventTime(record.TimestampMs);
                return ValueTask.CompletedTask;
            }

            TValue decoded = _value.Deserialize(value.Span);
            long eventTimeMs = EventTime is { } time ? time(decoded).ToUnixTimeMilliseconds() : record.TimestampMs;
            task.ObserveEventTime(eventTimeMs);
            return next.ProcessAsync(new StreamRecord<TKey, TValue>(_key.Deserialize(key.Span), decoded, eventTimeMs));
        };
    }
}
