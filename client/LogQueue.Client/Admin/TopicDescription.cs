namespace LogQueue.Client.Admin;

/// <summary>A topic with its partitions.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its id; a topic that is created anew has a new one.</param>
/// <param name="IsInternal">Whether it holds the cluster's own records.</param>
/// <param name="Partitions">Its partitions, by number.</param>
public sealed record TopicDescription(string Name, Guid Id, bool IsInternal, IReadOnlyList<PartitionDescription> Partitions);
