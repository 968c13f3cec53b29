namespace LogQueue.Client;

/// <summary>How the members of a group share out partitions. A group uses one that all its members support, as they vote.</summary>
public enum GroupAssignor
{
    /// <summary>Consecutive partitions of each topic: equal partitions of several topics meet in one member.</summary>
    Range,

    /// <summary>One after the other, over all topics: the evenest.</summary>
    RoundRobin,

    /// <summary>
    /// Even, and every member keeps what it has as far as that goes. A consumer that names only this one goes on reading the partitions
    /// it keeps while the group rebalances; with others in its list it hands all over each time, as they need it.
    /// </summary>
    CooperativeSticky,
}
