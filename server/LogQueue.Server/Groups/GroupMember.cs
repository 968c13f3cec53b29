namespace LogQueue.Server.Groups;

/// <summary>One member of a group. Touched only under its group's lock.</summary>
internal sealed class GroupMember
{
    /// <summary>A member as its first join, or a stored snapshot, describes it.</summary>
    public GroupMember(string id, string? instanceId, string clientId, string clientHost)
    {
        Id = id;
        InstanceId = instanceId;
        ClientId = clientId;
        ClientHost = clientHost;
    }

    /// <summary>Changes only when a static member is replaced.</summary>
    public string Id { get; set; }

    /// <summary>Name of a static member, or null.</summary>
    public string? InstanceId { get; }

    /// <summary>True when the member outlives its process.</summary>
    public bool IsStatic => InstanceId is not null;

    /// <summary>Client id of its last join.</summary>
    public string ClientId { get; set; }

    /// <summary>Where it last joined from.</summary>
    public string ClientHost { get; set; }

    /// <summary>Milliseconds without a sign of life after which it is removed.</summary>
    public int SessionTimeoutMs { get; set; }

    /// <summary>Milliseconds it may take to rejoin.</summary>
    public int RebalanceTimeoutMs { get; set; }

    /// <summary>What it offers, in order of preference.</summary>
    public IReadOnlyList<GroupProtocol> Protocols { get; set; } = [];

    /// <summary>What the leader gave it in this generation.</summary>
    public byte[] Assignment { get; set; } = [];

    /// <summary>It has never been answered a join: it cannot heartbeat yet.</summary>
    public bool IsNew { get; set; }

    /// <summary>It knows the id it goes by, so that it can come back under it after a broken connection.</summary>
    public bool KnowsItsId { get; set; }

    /// <summary>It joined this generation and has not synced yet.</summary>
    public bool OwesSync { get; set; }

    /// <summary>Monotonic milliseconds at which it is given up; <see cref="long.MaxValue"/> while it waits for us.</summary>
    public long DeadlineMs { get; set; } = long.MaxValue;

    /// <summary>The caller of a join that waits for the generation to form.</summary>
    public TaskCompletionSource<JoinOutcome>? ParkedJoin { get; set; }

    /// <summary>The caller of a sync that waits for the leader's assignment.</summary>
    public TaskCompletionSource<SyncOutcome>? ParkedSync { get; set; }

    /// <summary>Its metadata for one protocol; empty when it does not offer it.</summary>
    public byte[] MetadataFor(string? protocol)
    {
        foreach (GroupProtocol offered in Protocols)
        {
            if (offered.Name == protocol)
            {
                return offered.Metadata;
            }
        }

        return [];
    }

    /// <summary>True when it offers the protocol.</summary>
    public bool Offers(string protocol)
    {
        foreach (GroupProtocol offered in Protocols)
        {
            if (offered.Name == protocol)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True when the offer is, name by name and byte by byte, what the member has already said.</summary>
    public bool Matches(IReadOnlyList<GroupProtocol> offer)
    {
        if (offer.Count != Protocols.Count)
        {
            return false;
        }

        for (int i = 0; i < offer.Count; i++)
        {
            if (offer[i].Name != Protocols[i].Name || !offer[i].Metadata.AsSpan().SequenceEqual(Protocols[i].Metadata))
            {
                return false;
            }
        }

        return true;
    }
}
