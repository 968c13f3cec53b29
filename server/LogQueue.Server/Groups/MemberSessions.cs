using LogQueue.Protocol;

namespace LogQueue.Server.Groups;

/// <summary>Parks and answers the callers of joins and syncs, and keeps the sessions of members: a member that waits for us cannot
/// time out, from the answer on its session runs. Touched only under its group's lock.</summary>
internal sealed class MemberSessions
{
    private readonly GroupOptions _options;

    /// <summary>Sessions under these limits.</summary>
    public MemberSessions(GroupOptions options) => _options = options;

    /// <summary>Monotonic ms before which nothing is due; never later than the earliest deadline.</summary>
    public long NextDeadlineMs { get; private set; } = long.MaxValue;

    /// <summary>Parks a join until the generation forms. A caller that waits there already is told to try again.</summary>
    public Task<JoinOutcome> ParkJoin(GroupMember member, GroupTime now)
    {
        FinishJoin(member, JoinOutcome.Refuse(ErrorCode.RebalanceInProgress, member.Id), now);
        member.ParkedJoin = new TaskCompletionSource<JoinOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        member.DeadlineMs = member.IsNew ? now.TickMs + _options.NewMemberJoinTimeoutMs : long.MaxValue;
        Due(member.DeadlineMs);
        return member.ParkedJoin.Task;
    }

    /// <summary>Parks a sync until the assignment is stored. A caller that waits there already is told to try again.</summary>
    public Task<SyncOutcome> ParkSync(GroupMember member, GroupTime now)
    {
        FinishSync(member, SyncOutcome.Refuse(ErrorCode.RebalanceInProgress), now);
        member.ParkedSync = new TaskCompletionSource<SyncOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        member.DeadlineMs = long.MaxValue;
        return member.ParkedSync.Task;
    }

    /// <summary>Answers a parked join, if there is one; the member's session runs from here.</summary>
    public void FinishJoin(GroupMember member, JoinOutcome outcome, GroupTime now)
    {
        if (member.ParkedJoin is { } caller)
        {
            member.ParkedJoin = null;
            Restart(member, now);
            caller.TrySetResult(outcome);
        }
    }

    /// <summary>Answers a parked sync, if there is one; the member's session runs from here.</summary>
    public void FinishSync(GroupMember member, SyncOutcome outcome, GroupTime now)
    {
        if (member.ParkedSync is { } caller)
        {
            member.ParkedSync = null;
            Restart(member, now);
            caller.TrySetResult(outcome);
        }
    }

    /// <summary>A sign of life.</summary>
    public void Restart(GroupMember member, GroupTime now)
    {
        if (member.ParkedJoin is null && member.ParkedSync is null)
        {
            member.DeadlineMs = now.TickMs + member.SessionTimeoutMs;
            Due(member.DeadlineMs);
        }
    }

    /// <summary>Something is due at that time.</summary>
    public void Due(long deadlineMs) => NextDeadlineMs = Math.Min(NextDeadlineMs, deadlineMs);

    /// <summary>Finds the earliest deadline anew, after what was due has been done.</summary>
    public void Recount(GroupRoster roster)
    {
        NextDeadlineMs = long.MaxValue;
        foreach (GroupMember member in roster.Members)
        {
            Due(member.DeadlineMs);
        }

        foreach (long deadline in roster.Pending.Values)
        {
            Due(deadline);
        }
    }
}
