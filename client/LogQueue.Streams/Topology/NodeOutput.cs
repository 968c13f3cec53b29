using LogQueue.Streams.Runtime;

namespace LogQueue.Streams.Topology;

/// <summary>Where the next steps attach to a node. Built single-threaded, then read only.</summary>
internal sealed class NodeOutput<TKey, TValue>(Node owner)
{
    private readonly List<Func<StreamTask, IProcessor<TKey, TValue>>> _next = [];

    public void Attach(Node node, Func<StreamTask, IProcessor<TKey, TValue>> createProcessor)
    {
        owner.AddNext(node);
        _next.Add(createProcessor);
    }

    /// <summary>Makes the processors of everything below, for one task.</summary>
    public IProcessor<TKey, TValue> CreateProcessor(StreamTask task)
    {
        IProcessor<TKey, TValue>[] next = [.. _next.Select(create => create(task))];
        return next.Length == 1 ? next[0] : new StepProcessor<TKey, TValue>(async record =>
        {
            foreach (IProcessor<TKey, TValue> processor in next)
            {
                await processor.ProcessAsync(record).ConfigureAwait(false);
            }
        });
    }
}
