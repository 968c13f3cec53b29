using LogQueue.Protocol;

namespace LogQueue.Client.Cluster;

/// <summary>A topic as last seen. Immutable.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its id; empty from brokers that have none.</param>
/// <param name="IsInternal">Whether it holds the cluster's own records.</param>
/// <param name="Error">Why it cannot be used; None when it can.</param>
/// <param name="Partitions">By number.</param>
internal sealed record TopicSnapshot(string Name, Guid Id, bool IsInternal, ErrorCode Error, PartitionSnapshot[] Partitions);
