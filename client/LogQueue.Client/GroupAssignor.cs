namespace LogQueue.Client;

/// <summary>How the members of a group share out partitions.</summary>
public enum GroupAssignor
{
    /// <summary>Consecutive partitions of each topic: equal partitions of several topics meet in one member.</summary>
    Range,

    /// <summary>One after the other, over all topics: the evenest.</summary>
    RoundRobin,
}
