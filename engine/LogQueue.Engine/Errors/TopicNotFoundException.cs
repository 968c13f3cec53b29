namespace LogQueue.Engine.Errors;

/// <summary>There is no topic of that name.</summary>
public sealed class TopicNotFoundException : EngineException
{
    /// <summary>Creates it for a topic name.</summary>
    public TopicNotFoundException(string topic)
        : base($"There is no topic '{topic}'. Create it first, or look at the list of topics.") => Topic = topic;

    /// <summary>The name that was asked for.</summary>
    public string Topic { get; }
}
