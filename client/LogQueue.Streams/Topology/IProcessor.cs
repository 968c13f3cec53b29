namespace LogQueue.Streams.Topology;

/// <summary>A step at work in one task. Not thread-safe: its task runs one record at a time.</summary>
internal interface IProcessor<TKey, TValue>
{
    ValueTask ProcessAsync(StreamRecord<TKey, TValue> record);
}
