namespace LogQueue.Streams.Topology;

/// <summary>A step that nothing follows. Built single-threaded, then read only.</summary>
internal sealed class EndNode(string description) : Node(description)
{
    public override bool IsEnd => true;
}
