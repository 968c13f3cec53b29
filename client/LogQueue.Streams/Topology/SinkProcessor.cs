using System.Buffers;
using LogQueue.Client.Serialization;
using LogQueue.Streams.Runtime;

namespace LogQueue.Streams.Topology;

/// <summary>Writes records to a topic. Owned by its task.</summary>
internal sealed class SinkProcessor<TKey, TValue>(StreamTask task, string topic, ISerde<TKey> key, ISerde<TValue> value) : IProcessor<TKey,
    TValue>
{
    public ValueTask ProcessAsync(StreamRecord<TKey, TValue> record) =>
        task.Output.SendAsync(topic, Bytes(key, record.Key), Bytes(value, record.Value), record.EventTimeMs);

    private static byte[] Bytes<T>(ISerde<T> serde, T item)
    {
        var buffer = new ArrayBufferWriter<byte>();
        serde.Serialize(item, buffer);
        return buffer.WrittenSpan.ToArray();
    }
}
