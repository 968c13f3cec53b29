namespace LogQueue.Records;

/// <summary>Names one partition.</summary>
/// <param name="Topic">Topic name.</param>
/// <param name="Partition">Zero-based index of the partition.</param>
public readonly record struct TopicPartition(string Topic, int Partition)
{
    /// <summary>The form used in logs and directory names: <c>topic-partition</c>.</summary>
    public override string ToString() => $"{Topic}-{Partition}";
}
