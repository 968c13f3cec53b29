namespace LogQueue.Client.Admin;

/// <summary>A topic in a list.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its id; a topic that is created anew has a new one.</param>
/// <param name="IsInternal">Whether it holds the cluster's own records.</param>
/// <param name="PartitionCount">Its number of partitions.</param>
public sealed record TopicSummary(string Name, Guid Id, bool IsInternal, int PartitionCount);
