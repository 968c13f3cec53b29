namespace LogQueue.Engine.Topics;

/// <summary>The type of a topic setting; Kafka's names of types.</summary>
public enum TopicConfigType
{
    /// <summary>true or false.</summary>
    Boolean,

    /// <summary>Text.</summary>
    String,

    /// <summary>32 bits.</summary>
    Int,

    /// <summary>64 bits.</summary>
    Long,

    /// <summary>A decimal number.</summary>
    Double,

    /// <summary>Texts separated by commas.</summary>
    List,
}
