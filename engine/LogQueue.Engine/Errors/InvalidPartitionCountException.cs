namespace LogQueue.Engine.Errors;

/// <summary>A number of partitions that a topic cannot have.</summary>
public sealed class InvalidPartitionCountException : EngineException
{
    /// <summary>Creates it.</summary>
    public InvalidPartitionCountException(string message)
        : base(message)
    {
    }
}
