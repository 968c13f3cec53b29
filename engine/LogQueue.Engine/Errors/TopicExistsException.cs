namespace LogQueue.Engine.Errors;

/// <summary>A topic of that name exists already.</summary>
public sealed class TopicExistsException : EngineException
{
    /// <summary>Creates it for a topic name.</summary>
    public TopicExistsException(string topic)
        : base($"Topic '{topic}' exists already. Choose another name, or delete it first.") => Topic = topic;

    /// <summary>The name that is taken.</summary>
    public string Topic { get; }
}
