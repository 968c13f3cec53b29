namespace LogQueue.Server.Groups;

/// <summary>The members of a group in the order they came, its static names, and the ids given out but not yet used.
/// Touched only under its group's lock.</summary>
internal sealed class GroupRoster
{
    private readonly List<GroupMember> _members = [];
    private readonly Dictionary<string, GroupMember> _byId = new(StringComparer.Ordinal);
    private readonly Dictionary<string, GroupMember> _byInstance = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _pending = new(StringComparer.Ordinal);

    /// <summary>In the order of their first join.</summary>
    public IReadOnlyList<GroupMember> Members => _members;

    /// <summary>The earliest member, or null.</summary>
    public GroupMember? First => _members.Count == 0 ? null : _members[0];

    /// <summary>Number of members.</summary>
    public int Count => _members.Count;

    /// <summary>Members whose join is parked.</summary>
    public int ParkedJoins => _members.Count(static m => m.ParkedJoin is not null);

    /// <summary>Ids given out (MEMBER_ID_REQUIRED) whose owners have not joined yet, with their deadlines in monotonic ms.</summary>
    public IReadOnlyDictionary<string, long> Pending => _pending;

    /// <summary>Largest rebalance timeout of any member, in ms.</summary>
    public int RebalanceTimeoutMs => _members.Count == 0 ? 0 : _members.Max(static m => m.RebalanceTimeoutMs);

    /// <summary>Every member waits in a join, and nobody is on the way with a fresh id.</summary>
    public bool AllJoined => _pending.Count == 0 && _members.TrueForAll(static m => m.ParkedJoin is not null);

    /// <summary>The member of that id, or null.</summary>
    public GroupMember? Find(string memberId) => _byId.GetValueOrDefault(memberId);

    /// <summary>The static member of that name, or null.</summary>
    public GroupMember? FindInstance(string instanceId) => _byInstance.GetValueOrDefault(instanceId);

    /// <summary>Takes a member in; its id is no longer pending.</summary>
    public void Add(GroupMember member)
    {
        _byId.Add(member.Id, member);
        if (member.InstanceId is { } instance)
        {
            _byInstance.Add(instance, member);
        }

        _members.Add(member);
        _pending.Remove(member.Id);
    }

    /// <summary>Strikes a member out; false when it is not on the roster.</summary>
    public bool Remove(GroupMember member)
    {
        if (!_byId.Remove(member.Id))
        {
            return false;
        }

        if (member.InstanceId is { } instance)
        {
            _byInstance.Remove(instance);
        }

        return _members.Remove(member);
    }

    /// <summary>Gives a static member its next id.</summary>
    public void Rename(GroupMember member, string newId)
    {
        _byId.Remove(member.Id);
        member.Id = newId;
        _byId.Add(newId, member);
    }

    /// <summary>Remembers an id that was given out.</summary>
    public void AddPending(string memberId, long deadlineMs) => _pending[memberId] = deadlineMs;

    /// <summary>Forgets such an id; false when it was not pending.</summary>
    public bool RemovePending(string memberId) => _pending.Remove(memberId);

    /// <summary>Forgets the ids whose owners never came; true when there were any.</summary>
    public bool ExpirePending(long nowMs)
    {
        string[] late = [.. _pending.Where(p => p.Value <= nowMs).Select(static p => p.Key)];
        foreach (string id in late)
        {
            _pending.Remove(id);
        }

        return late.Length > 0;
    }

    /// <summary>True when some offered protocol is one that every member offers.</summary>
    public bool SharesProtocol(IReadOnlyList<GroupProtocol> offer) =>
        offer.Any(o => _members.TrueForAll(m => m.Offers(o.Name)));

    /// <summary>The protocol of the next generation: among those that every member offers, each member votes for the one it
    /// names first; most votes win, a tie goes to the one the earliest member voted for.</summary>
    public string? SelectProtocol()
    {
        if (_members.Count == 0)
        {
            return null;
        }

        var candidates = new HashSet<string>(
            _members[0].Protocols.Select(static p => p.Name).Where(name => _members.TrueForAll(m => m.Offers(name))),
            StringComparer.Ordinal);
        var votes = new List<(string Name, int Count)>();
        foreach (GroupMember member in _members)
        {
            string? vote = member.Protocols.FirstOrDefault(p => candidates.Contains(p.Name))?.Name;
            if (vote is null)
            {
                continue;
            }

            int at = votes.FindIndex(v => v.Name == vote);
            if (at < 0)
            {
                votes.Add((vote, 1));
            }
            else
            {
                votes[at] = (vote, votes[at].Count + 1);
            }
        }

        return votes.Count == 0 ? null : votes.MaxBy(static v => v.Count).Name;
    }
}
