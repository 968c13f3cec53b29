using System.Text;

namespace LogQueue.Streams.Topology;

/// <summary>A step of a declaration. Built single-threaded, then read only.</summary>
internal abstract class Node(string description)
{
    private readonly List<Node> _next = [];

    /// <summary>True for a step that may be the last.</summary>
    public virtual bool IsEnd => false;

    public void AddNext(Node node) => _next.Add(node);

    public void Describe(StringBuilder text, int depth)
    {
        text.Append(' ', depth * 2).Append(description).Append('\n');
        foreach (Node node in _next)
        {
            node.Describe(text, depth + 1);
        }
    }

    /// <summary>The first step below that leads nowhere, or null.</summary>
    public string? FindLooseEnd() =>
        _next.Count == 0 ? (IsEnd ? null : description) : _next.Select(static n => n.FindLooseEnd()).FirstOrDefault(static d =>
            d is not null);
}
