using LogQueue.Engine.Groups;
using LogQueue.Protocol;

namespace LogQueue.Server.Groups;

/// <summary>One classic consumer group: answers joins, syncs, heartbeats, leaves, and whether a commit may pass.</summary>
/// <remarks>A pure state machine: no socket, no disk, no clock of its own. Time comes in with every call; <see cref="Tick"/> is due at
/// <see cref="NextDeadlineMs"/>. What must be stored before callers are answered is taken with <see cref="TryTakeSave"/> and confirmed
/// with <see cref="CompleteSave"/>. Parked callers continue on other threads, never inside a call. Not thread-safe.</remarks>
internal sealed class Group
{
    private readonly GroupOptions _options;
    private readonly GroupCycle _cycle;

    /// <summary>A group without members.</summary>
    public Group(string id, GroupOptions options, GroupTime now)
    {
        Id = id;
        _options = options;
        _cycle = new GroupCycle(options, now);
    }

    /// <summary>The group id.</summary>
    public string Id { get; }

    /// <summary>Where the group stands.</summary>
    public GroupPhase Phase => _cycle.Phase;

    /// <summary>Grows by one with every completed join phase.</summary>
    public int GenerationId => _cycle.GenerationId;

    /// <summary>Protocol type of its members, or null when it never had any (only committed offsets).</summary>
    public string? ProtocolType => _cycle.ProtocolType;

    /// <summary>The protocol of this generation, or null.</summary>
    public string? ProtocolName => _cycle.ProtocolName;

    /// <summary>Member id of the leader, or null.</summary>
    public string? LeaderId => _cycle.LeaderId;

    /// <summary>Wall clock of the last change of phase.</summary>
    public long PhaseSinceUnixMs => _cycle.PhaseSinceUnixMs;

    /// <summary>Topics this generation subscribes to; null when they cannot be known (no consumers, or foreign metadata).</summary>
    public IReadOnlySet<string>? SubscribedTopics => _cycle.SubscribedTopics;

    /// <summary>The members in the order they came.</summary>
    public IReadOnlyList<GroupMember> Members => _cycle.Roster.Members;

    /// <summary>Ids given out that nobody has joined with yet.</summary>
    public int PendingMemberCount => _cycle.Roster.Pending.Count;

    /// <summary>Monotonic ms at which <see cref="Tick"/> is due at the latest; <see cref="long.MaxValue"/> when nothing is.</summary>
    public long NextDeadlineMs => _cycle.NextDeadlineMs;

    /// <summary>Takes back a group that was stored. Its members have their session timeout to be heard of.</summary>
    public void Restore(GroupSnapshot stored, GroupTime now)
    {
        foreach (GroupMemberSnapshot member in stored.Members)
        {
            _cycle.Roster.Add(GroupSnapshots.ToMember(member, stored.Protocol));
        }

        string? type = stored.ProtocolType.Length == 0 ? null : stored.ProtocolType;
        _cycle.Restore(type, stored.Protocol, stored.Leader, stored.GenerationId, stored.StateTimestampMs, now);
    }

    /// <summary>A member joins or rejoins. The task may be parked until the generation forms.</summary>
    public Task<JoinOutcome> Join(JoinCall call, GroupTime now)
    {
        if (Phase == GroupPhase.Dead)
        {
            return Refuse(ErrorCode.CoordinatorNotAvailable, call.MemberId);
        }

        if (!HasRoomFor(call))
        {
            return RefuseSurplus(call.MemberId, now);
        }

        bool supported = Members.Count == 0
            ? call.ProtocolType.Length > 0 && call.Protocols.Count > 0
            : call.ProtocolType == ProtocolType && _cycle.Roster.SharesProtocol(call.Protocols);
        if (!supported)
        {
            return Refuse(ErrorCode.InconsistentGroupProtocol, call.MemberId);
        }

        return call.MemberId.Length == 0 ? JoinNewcomer(call, now) : JoinKnown(call, now);
    }

    /// <summary>A member fetches its assignment; the leader brings everyone's. Parked until the assignment is stored.</summary>
    public Task<SyncOutcome> Sync(SyncCall call, GroupTime now)
    {
        ErrorCode error = Phase == GroupPhase.Dead
            ? ErrorCode.CoordinatorNotAvailable
            : CheckMember(call.MemberId, call.InstanceId, call.GenerationId);
        if (error == ErrorCode.None && (!Agrees(call.ProtocolType, ProtocolType) || !Agrees(call.ProtocolName, ProtocolName)))
        {
            error = ErrorCode.InconsistentGroupProtocol;
        }

        if (error == ErrorCode.None && Phase == GroupPhase.PreparingRebalance)
        {
            error = ErrorCode.RebalanceInProgress;
        }

        if (error != ErrorCode.None)
        {
            return Task.FromResult(SyncOutcome.Refuse(error));
        }

        GroupMember member = _cycle.Roster.Find(call.MemberId)!;
        member.OwesSync = false;
        if (Phase == GroupPhase.Stable)
        {
            _cycle.Sessions.Restart(member, now);
            return Task.FromResult(_cycle.AssignmentOf(member));
        }

        Task<SyncOutcome> parked = _cycle.Sessions.ParkSync(member, now);
        if (member.Id == LeaderId)
        {
            _cycle.Assign(call.Assignments);
        }

        return parked;

        static bool Agrees(string? said, string? known) => said is null || said == known;
    }

    /// <summary>A sign of life; tells the member when it must rejoin.</summary>
    public ErrorCode Heartbeat(string memberId, string? instanceId, int generationId, GroupTime now)
    {
        if (Phase == GroupPhase.Dead)
        {
            return ErrorCode.CoordinatorNotAvailable;
        }

        ErrorCode error = CheckMember(memberId, instanceId, generationId);
        if (error != ErrorCode.None)
        {
            return error;
        }

        _cycle.Sessions.Restart(_cycle.Roster.Find(memberId)!, now);
        return Phase == GroupPhase.PreparingRebalance ? ErrorCode.RebalanceInProgress : ErrorCode.None;
    }

    /// <summary>A member goes for good, or an operator removes a static one by its name alone (empty member id).</summary>
    public ErrorCode Leave(string memberId, string? instanceId, GroupTime now)
    {
        if (Phase == GroupPhase.Dead)
        {
            return ErrorCode.CoordinatorNotAvailable;
        }

        if (instanceId is null && _cycle.Roster.RemovePending(memberId))
        {
            _cycle.CompleteJoinIfAllCame(now);
            return ErrorCode.None;
        }

        string id = memberId.Length == 0 && instanceId is not null ? _cycle.Roster.FindInstance(instanceId)?.Id ?? "" : memberId;
        ErrorCode error = CheckIdentity(id, instanceId);
        if (error == ErrorCode.None)
        {
            _cycle.Remove(_cycle.Roster.Find(id)!, now);
        }

        return error;
    }

    /// <summary>May this caller commit offsets now? A member's commit is a sign of life.</summary>
    public ErrorCode CheckCommit(string memberId, string? instanceId, int generationId, GroupTime now)
    {
        if (Phase == GroupPhase.Dead)
        {
            return ErrorCode.CoordinatorNotAvailable;
        }

        if (generationId < 0 && Phase == GroupPhase.Empty)
        {
            return ErrorCode.None;
        }

        ErrorCode error = CheckMember(memberId, instanceId, generationId);
        if (error == ErrorCode.None && Phase == GroupPhase.CompletingRebalance)
        {
            error = ErrorCode.RebalanceInProgress;
        }

        if (error == ErrorCode.None)
        {
            _cycle.Sessions.Restart(_cycle.Roster.Find(memberId)!, now);
        }

        return error;
    }

    /// <summary>The connection of a parked caller is gone: nobody reads the answer. A member that knows its id has its session timeout
    /// to come back; one that does not could never come back, so it goes at once.</summary>
    public void Abandon(Task parked, GroupTime now)
    {
        GroupMember? member = Members.FirstOrDefault(m => m.ParkedJoin?.Task == parked || m.ParkedSync?.Task == parked);
        if (member?.ParkedSync is not null)
        {
            _cycle.Sessions.FinishSync(member, SyncOutcome.Refuse(ErrorCode.NetworkException), now);
        }
        else if (member is not null)
        {
            _cycle.Sessions.FinishJoin(member, JoinOutcome.Refuse(ErrorCode.NetworkException, member.Id), now);
            if (!member.KnowsItsId)
            {
                _cycle.Remove(member, now);
            }
        }
    }

    /// <summary>Does everything that has become due.</summary>
    public void Tick(GroupTime now) => _cycle.Tick(now);

    /// <summary>The group is being deleted: whoever waits is told to look for the coordinator again.</summary>
    public void Kill(GroupTime now) => _cycle.Kill(now);

    /// <summary>A deletion that could not be stored: the group, which was empty, stays.</summary>
    public void Revive(GroupTime now) => _cycle.Revive(now);

    /// <summary>The state to store, when something changed that must be stored and no save is under way.</summary>
    public bool TryTakeSave(out GroupSave save)
    {
        save = default;
        if (Phase == GroupPhase.Dead || !_cycle.Saves.TryTake(out long version))
        {
            return false;
        }

        save = new GroupSave(version, GroupSnapshots.Of(this));
        return true;
    }

    /// <summary>The save that was taken is durable, or has failed.</summary>
    public void CompleteSave(long version, bool isDurable, GroupTime now) => _cycle.Saved(version, isDurable, now);

    private static Task<JoinOutcome> Refuse(ErrorCode error, string memberId) => Task.FromResult(JoinOutcome.Refuse(error, memberId));

    private Task<JoinOutcome> RefuseSurplus(string memberId, GroupTime now)
    {
        if (_cycle.Roster.RemovePending(memberId))
        {
            _cycle.CompleteJoinIfAllCame(now);
        }

        if (_cycle.Roster.Find(memberId) is { } surplus)
        {
            _cycle.Remove(surplus, now);
        }

        return Refuse(ErrorCode.GroupMaxSizeReached, "");
    }

    private Task<JoinOutcome> JoinNewcomer(JoinCall call, GroupTime now)
    {
        if (call.InstanceId is { } instance)
        {
            return _cycle.Roster.FindInstance(instance) is { } present ? JoinAgain(present, call, now)
                : Add(call, call.OfferedMemberId, now);
        }

        if (!call.RequiresKnownMemberId)
        {
            return Add(call, call.OfferedMemberId, now);
        }

        if (PendingMemberCount >= _options.MaxPendingMembers)
        {
            return Refuse(ErrorCode.CoordinatorNotAvailable, "");
        }

        _cycle.AddPending(call.OfferedMemberId, call.SessionTimeoutMs, now);
        return Refuse(ErrorCode.MemberIdRequired, call.OfferedMemberId);
    }

    private Task<JoinOutcome> JoinKnown(JoinCall call, GroupTime now)
    {
        if (_cycle.Roster.Pending.ContainsKey(call.MemberId))
        {
            return call.InstanceId is null ? Add(call, call.MemberId, now) : Refuse(ErrorCode.UnknownMemberId, call.MemberId);
        }

        ErrorCode error = CheckIdentity(call.MemberId, call.InstanceId);
        if (error != ErrorCode.None)
        {
            return Refuse(error, call.MemberId);
        }

        GroupMember member = _cycle.Roster.Find(call.MemberId)!;
        member.KnowsItsId = true;
        bool unchanged = member.Matches(call.Protocols);
        if (unchanged && (Phase == GroupPhase.CompletingRebalance || (Phase == GroupPhase.Stable && member.Id != LeaderId)))
        {
            Update(member, call);
            _cycle.Sessions.Restart(member, now);
            return Task.FromResult(_cycle.OutcomeFor(member));
        }

        Update(member, call);
        return ParkAndRebalance(member, now);
    }

    /// <summary>A static member is back under a new member id.</summary>
    private Task<JoinOutcome> JoinAgain(GroupMember member, JoinCall call, GroupTime now)
    {
        string? leaderBefore = LeaderId;
        bool sameTopics = SubscribesAsBefore(member, call);
        _cycle.Rename(member, call.OfferedMemberId, now);
        Update(member, call);
        _cycle.Sessions.Restart(member, now);
        if (Phase == GroupPhase.Stable && sameTopics && _cycle.Roster.SelectProtocol() == ProtocolName)
        {
            // Before v9 a leader that came back is shown its old id, so that it does not assign anew: a stable group would not
            // hand the new assignment on.
            bool isLeader = member.Id == LeaderId;
            JoinOutcome outcome = call.SupportsSkipAssignment
                ? _cycle.OutcomeFor(member) with { SkipAssignment = isLeader }
                : _cycle.OutcomeFor(member) with { Leader = leaderBefore ?? "", Members = [] };
            return _cycle.Saves.AnswerWhenSaved(outcome);
        }

        return ParkAndRebalance(member, now);
    }

    private Task<JoinOutcome> Add(JoinCall call, string memberId, GroupTime now)
    {
        var member = new GroupMember(memberId, call.InstanceId, call.ClientId, call.ClientHost)
        {
            IsNew = true,
            KnowsItsId = call.MemberId.Length > 0 || call.InstanceId is not null,
        };
        Update(member, call);
        _cycle.Add(member, call.ProtocolType);
        return ParkAndRebalance(member, now);
    }

    private Task<JoinOutcome> ParkAndRebalance(GroupMember member, GroupTime now)
    {
        Task<JoinOutcome> parked = _cycle.Sessions.ParkJoin(member, now);
        _cycle.PrepareRebalance(now);
        return parked;
    }

    private static void Update(GroupMember member, JoinCall call)
    {
        member.SessionTimeoutMs = call.SessionTimeoutMs;
        member.RebalanceTimeoutMs = call.RebalanceTimeoutMs;
        member.Protocols = call.Protocols;
        member.ClientId = call.ClientId;
        member.ClientHost = call.ClientHost;
    }

    /// <summary>A restarted consumer owns no partitions yet, so its metadata may differ in that; its topics must not.</summary>
    private bool SubscribesAsBefore(GroupMember member, JoinCall call)
    {
        byte[] offered = call.Protocols.FirstOrDefault(p => p.Name == ProtocolName)?.Metadata ?? [];
        byte[] known = member.MetadataFor(ProtocolName);
        return ConsumerProtocolSubscription.TryReadTopics(offered, out IReadOnlyList<string>? now)
            && ConsumerProtocolSubscription.TryReadTopics(known, out IReadOnlyList<string>? before)
                ? new HashSet<string>(now, StringComparer.Ordinal).SetEquals(before)
                : offered.AsSpan().SequenceEqual(known);
    }

    private bool HasRoomFor(JoinCall call)
    {
        GroupMember? member = _cycle.Roster.Find(call.MemberId)
            ?? (call.InstanceId is { } instance ? _cycle.Roster.FindInstance(instance) : null);
        return Phase switch
        {
            GroupPhase.PreparingRebalance => member?.ParkedJoin is not null || _cycle.Roster.ParkedJoins < _options.MaxGroupSize,
            GroupPhase.CompletingRebalance or GroupPhase.Stable => member is not null || Members.Count < _options.MaxGroupSize,
            _ => true,
        };
    }

    private ErrorCode CheckIdentity(string memberId, string? instanceId)
    {
        if (instanceId is null)
        {
            return _cycle.Roster.Find(memberId) is null ? ErrorCode.UnknownMemberId : ErrorCode.None;
        }

        GroupMember? present = _cycle.Roster.FindInstance(instanceId);
        return present is null ? ErrorCode.UnknownMemberId : present.Id == memberId ? ErrorCode.None : ErrorCode.FencedInstanceId;
    }

    private ErrorCode CheckMember(string memberId, string? instanceId, int generationId)
    {
        ErrorCode error = CheckIdentity(memberId, instanceId);
        return error == ErrorCode.None && generationId != GenerationId ? ErrorCode.IllegalGeneration : error;
    }
}
