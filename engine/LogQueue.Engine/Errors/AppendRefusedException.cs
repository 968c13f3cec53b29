namespace LogQueue.Engine.Errors;

/// <summary>An append of records was refused, whole; appends of ready batches return an AppendResult instead.</summary>
public sealed class AppendRefusedException : EngineException
{
    /// <summary>Creates it from the result.</summary>
    public AppendRefusedException(LogQueue.Records.TopicPartition partition, LogQueue.Storage.AppendResult result)
        : base($"{partition.Topic}-{partition.Partition} refused the append ({result.Status}): {result.Detail}") => Result = result;

    /// <summary>Why.</summary>
    public LogQueue.Storage.AppendResult Result { get; }
}
