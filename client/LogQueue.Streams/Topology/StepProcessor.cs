namespace LogQueue.Streams.Topology;

/// <summary>A step without state. Owned by its task.</summary>
internal sealed class StepProcessor<TKey, TValue>(Func<StreamRecord<TKey, TValue>, ValueTask> process) : IProcessor<TKey, TValue>
{
    public ValueTask ProcessAsync(StreamRecord<TKey, TValue> record) => process(record);
}
