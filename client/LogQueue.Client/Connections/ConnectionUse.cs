namespace LogQueue.Client.Connections;

/// <summary>What a connection is for: a request that the broker holds back must not block others.</summary>
internal enum ConnectionUse
{
    /// <summary>Short requests: metadata, offsets, administration.</summary>
    General,

    /// <summary>Produce requests.</summary>
    Produce,

    /// <summary>Fetches, which wait for data.</summary>
    Fetch,

    /// <summary>Joining and heartbeats, which wait for other members.</summary>
    Membership,
}
