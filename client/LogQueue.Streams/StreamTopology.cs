using System.Text;
using LogQueue.Streams.Topology;

namespace LogQueue.Streams;

/// <summary>A finished declaration. Immutable; thread-safe.</summary>
public sealed class StreamTopology
{
    private readonly IReadOnlyList<SourceNode> _sources;

    internal StreamTopology(string applicationId, IReadOnlyList<SourceNode> sources)
    {
        ApplicationId = applicationId;
        _sources = sources;
    }

    /// <summary>Name of the application and of its consumer group.</summary>
    public string ApplicationId { get; }

    /// <summary>Topics it reads.</summary>
    public IReadOnlyList<string> Topics => [.. _sources.Select(static s => s.Topic)];

    /// <summary>The topology as text, a step a line, indented by its place.</summary>
    public string Describe()
    {
        var text = new StringBuilder(ApplicationId).Append('\n');
        foreach (SourceNode source in _sources)
        {
            source.Describe(text, 1);
        }

        return text.ToString();
    }

    internal SourceNode Source(string topic) =>
        _sources.FirstOrDefault(s => s.Topic == topic) ?? throw new ArgumentException($"The topology does not read the topic {topic}.",
            nameof(topic));
}
