namespace LogQueue.Engine.Errors;

/// <summary>A name that no topic may have.</summary>
public sealed class InvalidTopicNameException : EngineException
{
    /// <summary>Creates it for a name and what is wrong with it.</summary>
    public InvalidTopicNameException(string topic, string problem)
        : base($"Topic name '{topic}' is not allowed: {problem}") => Topic = topic;

    /// <summary>The name.</summary>
    public string Topic { get; }
}
