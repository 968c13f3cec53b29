using LogQueue.Protocol;

namespace LogQueue.Server.Groups;

/// <summary>The round of a group: Empty, PreparingRebalance, CompletingRebalance, Stable, and again. Parks and answers joins and syncs,
/// forms generations, gives up members that are silent or late. Touched only under its group's lock.</summary>
internal sealed class GroupCycle
{
    private readonly GroupOptions _options;
    private long _joinDeadlineMs = long.MaxValue;
    private long _syncDeadlineMs = long.MaxValue;
    private long _initialRemainingMs;
    private bool _isInitialDelay;
    private bool _companyCame;
    private long _assignmentSave;

    /// <summary>An empty group's round.</summary>
    public GroupCycle(GroupOptions options, GroupTime now)
    {
        _options = options;
        Sessions = new MemberSessions(options);
        PhaseSinceUnixMs = now.UnixMs;
    }

    /// <summary>Who is in the group.</summary>
    public GroupRoster Roster { get; } = new();

    /// <summary>What must be stored.</summary>
    public GroupSaves Saves { get; } = new();

    /// <summary>Where the group stands.</summary>
    public GroupPhase Phase { get; private set; }

    /// <summary>Wall clock of the last change of phase.</summary>
    public long PhaseSinceUnixMs { get; private set; }

    /// <summary>Grows by one with every completed join phase.</summary>
    public int GenerationId { get; private set; }

    /// <summary>Protocol type of the members, or null when there never were any.</summary>
    public string? ProtocolType { get; private set; }

    /// <summary>The protocol of this generation, or null.</summary>
    public string? ProtocolName { get; private set; }

    /// <summary>Member id of the leader, or null.</summary>
    public string? LeaderId { get; private set; }

    /// <summary>Topics this generation subscribes to; null when they cannot be known.</summary>
    public IReadOnlySet<string>? SubscribedTopics { get; private set; }

    /// <summary>Monotonic ms at which <see cref="Tick"/> is due at the latest.</summary>
    public long NextDeadlineMs => Sessions.NextDeadlineMs;

    /// <summary>Who waits for an answer, and who must be heard of by when.</summary>
    public MemberSessions Sessions { get; }

    /// <summary>Sets what a stored group says; its members are on the roster already.</summary>
    public void Restore(string? protocolType, string? protocolName, string? leader, int generationId, long phaseSinceUnixMs, GroupTime now)
    {
        ProtocolType = protocolType;
        ProtocolName = protocolName;
        GenerationId = generationId;
        LeaderId = Roster.Find(leader ?? "")?.Id ?? Roster.First?.Id;
        Phase = Roster.Count == 0 ? GroupPhase.Empty : GroupPhase.Stable;
        PhaseSinceUnixMs = phaseSinceUnixMs < 0 ? now.UnixMs : phaseSinceUnixMs;
        ReadSubscriptions();
        foreach (GroupMember member in Roster.Members)
        {
            Sessions.Restart(member, now);
        }

        if (Roster.Count > _options.MaxGroupSize)
        {
            PrepareRebalance(now);
        }
    }

    /// <summary>Takes a member in. The first one sets the protocol type and leads.</summary>
    public void Add(GroupMember member, string protocolType)
    {
        if (Roster.Count == 0)
        {
            ProtocolType = protocolType;
        }

        Roster.Add(member);
        LeaderId ??= member.Id;
        _companyCame |= Phase == GroupPhase.PreparingRebalance && _isInitialDelay;
    }

    /// <summary>Notes the deadline of an id that was given out.</summary>
    public void AddPending(string memberId, int sessionTimeoutMs, GroupTime now)
    {
        Roster.AddPending(memberId, now.TickMs + sessionTimeoutMs);
        Sessions.Due(now.TickMs + sessionTimeoutMs);
    }

    /// <summary>Gives a static member its next id; whoever still calls under the old one is fenced.</summary>
    public void Rename(GroupMember member, string newId, GroupTime now)
    {
        string oldId = member.Id;
        Sessions.FinishJoin(member, JoinOutcome.Refuse(ErrorCode.FencedInstanceId, oldId), now);
        Sessions.FinishSync(member, SyncOutcome.Refuse(ErrorCode.FencedInstanceId), now);
        Roster.Rename(member, newId);
        if (LeaderId == oldId)
        {
            LeaderId = newId;
        }

        Sessions.Restart(member, now);
    }

    /// <summary>The leader's assignment; it counts once it is stored.</summary>
    public void Assign(IReadOnlyDictionary<string, byte[]> assignments)
    {
        foreach (GroupMember member in Roster.Members)
        {
            member.Assignment = assignments.TryGetValue(member.Id, out byte[]? assignment) ? assignment : [];
        }

        _assignmentSave = Saves.Request();
    }

    /// <summary>Every change up to a version is stored, or could not be.</summary>
    public void Saved(long version, bool isDurable, GroupTime now)
    {
        Saves.Complete(version, isDurable);
        if (_assignmentSave == 0 || _assignmentSave > version || Phase != GroupPhase.CompletingRebalance)
        {
            return;
        }

        _assignmentSave = 0;
        if (!isDurable)
        {
            DropAssignment(ErrorCode.CoordinatorNotAvailable, now);
            PrepareRebalance(now);
            return;
        }

        SetPhase(GroupPhase.Stable, now);
        foreach (GroupMember member in Roster.Members)
        {
            Sessions.FinishSync(member, AssignmentOf(member), now);
        }
    }

    /// <summary>What a member that syncs gets.</summary>
    public SyncOutcome AssignmentOf(GroupMember member) => new(ErrorCode.None, ProtocolType, ProtocolName, member.Assignment);

    /// <summary>What a member that joined gets; the leader learns of all members.</summary>
    public JoinOutcome OutcomeFor(GroupMember member) => new()
    {
        MemberId = member.Id,
        GenerationId = GenerationId,
        ProtocolType = ProtocolType,
        ProtocolName = ProtocolName,
        Leader = LeaderId ?? "",
        Members = member.Id == LeaderId
            ? [.. Roster.Members.Select(m => new JoinedMember(m.Id, m.InstanceId, m.MetadataFor(ProtocolName)))]
            : [],
    };

    /// <summary>Starts collecting members for the next generation, unless that is under way.</summary>
    public void PrepareRebalance(GroupTime now)
    {
        if (Phase is GroupPhase.PreparingRebalance or GroupPhase.Dead)
        {
            CompleteJoinIfAllCame(now);
            return;
        }

        if (Phase == GroupPhase.CompletingRebalance)
        {
            DropAssignment(ErrorCode.RebalanceInProgress, now);
        }

        _isInitialDelay = Phase == GroupPhase.Empty;
        _companyCame = false;
        _syncDeadlineMs = long.MaxValue;
        int wholeMs = Roster.RebalanceTimeoutMs;
        int waitMs = _isInitialDelay ? _options.InitialRebalanceDelayMs : wholeMs;
        _initialRemainingMs = Math.Max(wholeMs - waitMs, 0);
        _joinDeadlineMs = now.TickMs + waitMs;
        SetPhase(GroupPhase.PreparingRebalance, now);
        if (waitMs == 0)
        {
            EndJoinPhase(now);
            return;
        }

        Sessions.Due(_joinDeadlineMs);
        CompleteJoinIfAllCame(now);
    }

    /// <summary>Ends the join phase early when nobody is missing; the initial delay is never cut short.</summary>
    public void CompleteJoinIfAllCame(GroupTime now)
    {
        if (Phase == GroupPhase.PreparingRebalance && !_isInitialDelay && Roster.AllJoined)
        {
            EndJoinPhase(now);
        }
    }

    /// <summary>Strikes a member out and rebalances the rest.</summary>
    public void Remove(GroupMember member, GroupTime now)
    {
        if (Strike(member, now))
        {
            PrepareRebalance(now);
        }
    }

    /// <summary>Does everything that has become due.</summary>
    public void Tick(GroupTime now)
    {
        bool changed = Roster.ExpirePending(now.TickMs);
        foreach (GroupMember member in Roster.Members.Where(m => m.DeadlineMs <= now.TickMs).ToArray())
        {
            // Removing one may have completed the join phase, which gives the others a new session.
            if (member.DeadlineMs <= now.TickMs)
            {
                Remove(member, now);
            }
        }

        if (changed)
        {
            CompleteJoinIfAllCame(now);
        }

        if (_joinDeadlineMs <= now.TickMs)
        {
            JoinDeadlinePassed(now);
        }

        if (_syncDeadlineMs <= now.TickMs)
        {
            SyncDeadlinePassed(now);
        }

        Sessions.Recount(Roster);
        Sessions.Due(_joinDeadlineMs);
        Sessions.Due(_syncDeadlineMs);
    }

    /// <summary>The group goes: whoever waits is told to look for the coordinator again.</summary>
    public void Kill(GroupTime now)
    {
        foreach (GroupMember member in Roster.Members)
        {
            Sessions.FinishJoin(member, JoinOutcome.Refuse(ErrorCode.CoordinatorNotAvailable, member.Id), now);
            Sessions.FinishSync(member, SyncOutcome.Refuse(ErrorCode.CoordinatorNotAvailable), now);
        }

        Saves.FailAll();
        SetPhase(GroupPhase.Dead, now);
        _joinDeadlineMs = _syncDeadlineMs = long.MaxValue;
    }

    /// <summary>The group was not deleted after all; it was empty and is again.</summary>
    public void Revive(GroupTime now) => SetPhase(GroupPhase.Empty, now);

    /// <summary>Reads the topics out of the members' metadata, where they are consumers.</summary>
    public void ReadSubscriptions() =>
        SubscribedTopics = ProtocolType == ConsumerProtocolSubscription.ProtocolType
            ? ConsumerProtocolSubscription.TopicsOf(Roster.Members.Select(m => m.MetadataFor(ProtocolName)))
            : null;

    private void JoinDeadlinePassed(GroupTime now)
    {
        if (_isInitialDelay && _companyCame && _initialRemainingMs > 0)
        {
            long more = Math.Min(_options.InitialRebalanceDelayMs, _initialRemainingMs);
            _companyCame = false;
            _initialRemainingMs -= more;
            _joinDeadlineMs = now.TickMs + more;
            return;
        }

        EndJoinPhase(now);
    }

    private void EndJoinPhase(GroupTime now)
    {
        foreach (GroupMember late in Roster.Members.Where(static m => m.ParkedJoin is null && !m.IsStatic).ToArray())
        {
            Strike(late, now);
        }

        if (Roster.Count > 0 && !ElectLeader())
        {
            // Only static members are left and none is back: their sessions decide, not this deadline.
            _isInitialDelay = false;
            _joinDeadlineMs = now.TickMs + Math.Max(Roster.RebalanceTimeoutMs, 1);
            Sessions.Due(_joinDeadlineMs);
            return;
        }

        _joinDeadlineMs = long.MaxValue;
        _isInitialDelay = false;
        GenerationId = GenerationId == int.MaxValue ? 1 : GenerationId + 1;
        ProtocolName = Roster.SelectProtocol();
        ReadSubscriptions();
        if (Roster.Count == 0)
        {
            LeaderId = null;
            SetPhase(GroupPhase.Empty, now);
            Saves.Request();
            return;
        }

        FormGeneration(now);
    }

    private void FormGeneration(GroupTime now)
    {
        SetPhase(GroupPhase.CompletingRebalance, now);
        _assignmentSave = 0;
        _syncDeadlineMs = now.TickMs + Math.Max(Roster.RebalanceTimeoutMs, 1);
        Sessions.Due(_syncDeadlineMs);
        foreach (GroupMember member in Roster.Members)
        {
            member.Assignment = [];
            member.OwesSync = true;
            Sessions.FinishJoin(member, OutcomeFor(member), now);
            member.IsNew = false;
            member.KnowsItsId = true;
        }
    }

    private bool ElectLeader()
    {
        if (LeaderId is null || Roster.Find(LeaderId)?.ParkedJoin is null)
        {
            GroupMember? next = Roster.Members.FirstOrDefault(static m => m.ParkedJoin is not null);
            LeaderId = next?.Id ?? LeaderId;
            return next is not null;
        }

        return true;
    }

    private void SyncDeadlinePassed(GroupTime now)
    {
        _syncDeadlineMs = long.MaxValue;
        bool struck = false;
        foreach (GroupMember late in Roster.Members.Where(static m => m.OwesSync).ToArray())
        {
            struck |= Strike(late, now);
        }

        if (struck)
        {
            PrepareRebalance(now);
        }
    }

    private bool Strike(GroupMember member, GroupTime now)
    {
        Sessions.FinishJoin(member, JoinOutcome.Refuse(ErrorCode.UnknownMemberId, member.Id), now);
        Sessions.FinishSync(member, SyncOutcome.Refuse(ErrorCode.UnknownMemberId), now);
        if (!Roster.Remove(member))
        {
            return false;
        }

        if (LeaderId == member.Id)
        {
            LeaderId = Roster.First?.Id;
        }

        return true;
    }

    private void DropAssignment(ErrorCode error, GroupTime now)
    {
        _assignmentSave = 0;
        foreach (GroupMember member in Roster.Members)
        {
            member.Assignment = [];
            Sessions.FinishSync(member, SyncOutcome.Refuse(error), now);
        }
    }

    private void SetPhase(GroupPhase phase, GroupTime now)
    {
        Phase = phase;
        PhaseSinceUnixMs = now.UnixMs;
    }
}
