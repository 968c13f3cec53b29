namespace LogQueue.Server.Groups;

/// <summary>Where a classic group stands. The names are Kafka's, as ListGroups and DescribeGroups print them.</summary>
internal enum GroupPhase
{
    /// <summary>No members; committed offsets may exist.</summary>
    Empty,

    /// <summary>Members are being collected for the next generation; their joins are parked.</summary>
    PreparingRebalance,

    /// <summary>The generation is formed; the leader's assignment is awaited, syncs are parked.</summary>
    CompletingRebalance,

    /// <summary>Every member has, or can fetch, its assignment.</summary>
    Stable,

    /// <summary>Deleted, or being deleted; nothing is accepted any more.</summary>
    Dead,
}
