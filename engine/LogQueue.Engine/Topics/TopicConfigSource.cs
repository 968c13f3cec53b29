namespace LogQueue.Engine.Topics;

/// <summary>Where the value of a topic setting comes from.</summary>
public enum TopicConfigSource
{
    /// <summary>The topic's own override.</summary>
    Topic,

    /// <summary>The engine's <c>TopicDefaults</c>.</summary>
    Engine,

    /// <summary>Kafka's default.</summary>
    Default,
}
