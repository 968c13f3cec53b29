namespace LogQueue.Client.Cluster;

/// <summary>A partition as last seen; LeaderId is -1 without leader.</summary>
internal sealed record PartitionSnapshot(int LeaderId, int LeaderEpoch, int[] Replicas, int[] InSyncReplicas);
