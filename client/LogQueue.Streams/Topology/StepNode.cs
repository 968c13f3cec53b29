namespace LogQueue.Streams.Topology;

/// <summary>A step that others follow. Built single-threaded, then read only.</summary>
internal sealed class StepNode<TKey, TValue> : Node
{
    public StepNode(string description)
        : base(description) => Output = new NodeOutput<TKey, TValue>(this);

    public NodeOutput<TKey, TValue> Output { get; }
}
