using LogQueue.Engine.Groups;
using LogQueue.Protocol;
using LogQueue.Server.Groups;
using static LogQueue.Server.Tests.Server.Groups.GroupDriver;

namespace LogQueue.Server.Tests.Server.Groups;

public sealed class GroupMembershipTests
{
    private readonly GroupDriver _d = new();

    [Fact]
    public void Heartbeats_keep_a_member_alive_and_silence_removes_it()
    {
        JoinOutcome[] joined = _d.Stable(2);
        for (int i = 0; i < 5; i++)
        {
            _d.Pass(6_000);
            Assert.Equal(i < 1 ? ErrorCode.None : ErrorCode.RebalanceInProgress, Beat());
        }

        Assert.Single(_d.Group.Members);

        ErrorCode Beat() => _d.Heartbeat(joined[0]);
    }

    [Fact]
    public void The_last_silent_member_leaves_an_empty_group_that_is_stored()
    {
        _d.Stable(1);
        int saves = _d.Saves;
        _d.Pass(10_000);
        Assert.Equal(GroupPhase.Empty, _d.Group.Phase);
        Assert.Equal(2, _d.Group.GenerationId);
        Assert.Null(_d.Group.LeaderId);
        Assert.Equal("consumer", _d.Group.ProtocolType);
        Assert.Equal(saves + 1, _d.Saves);
        Assert.Equal(long.MaxValue, _d.Group.NextDeadlineMs);
    }

    [Fact]
    public void Heartbeats_are_answered_by_phase()
    {
        JoinOutcome[] joined = _d.Stable(1);
        Assert.Equal(ErrorCode.UnknownMemberId, _d.Heartbeat(joined[0] with { MemberId = "ghost" }));
        Assert.Equal(ErrorCode.IllegalGeneration, _d.Heartbeat(joined[0] with { GenerationId = 9 }));
        _ = _d.Join();
        Assert.Equal(ErrorCode.RebalanceInProgress, _d.Heartbeat(joined[0]));
        Task<JoinOutcome> back = _d.Join(joined[0].MemberId);
        Assert.Equal(ErrorCode.None, _d.Heartbeat(Answered(back)));
        Assert.Equal(ErrorCode.UnknownMemberId, new GroupDriver().Heartbeat(joined[0]));
    }

    [Fact]
    public void A_member_waiting_in_a_join_does_not_time_out()
    {
        JoinOutcome[] old = _d.Stable(2);
        Task<JoinOutcome> back = _d.Join(old[0].MemberId);
        for (int i = 0; i < 8; i++)
        {
            _d.Pass(5_000);
            Assert.Equal(ErrorCode.RebalanceInProgress == _d.Heartbeat(old[1]), !back.IsCompleted);
        }

        Assert.False(back.IsCompleted);
        Assert.Equal(2, _d.Group.Members.Count);
    }

    [Fact]
    public void A_member_whose_answer_falls_due_with_its_own_deadline_stays()
    {
        // The newcomer's first join is given up after 5 min; in the same moment the last absent member's session ends, which
        // completes the generation with the newcomer in it.
        var d = new GroupDriver(new GroupOptions { NewMemberJoinTimeoutMs = 10_000 });
        Task<JoinOutcome> first = d.Join();
        d.Pass(3_000);
        JoinOutcome old = Answered(first);
        Answered(d.Sync(old));
        Task<JoinOutcome> newcomer = d.Join();
        d.Pass(10_000);
        Assert.Equal((ErrorCode.None, 2), (Answered(newcomer).Error, Answered(newcomer).GenerationId));
        Assert.Equal(Answered(newcomer).MemberId, Assert.Single(d.Group.Members).Id);
    }

    [Fact]
    public void Leaving_rebalances_the_others_at_once_and_the_lead_moves_on()
    {
        JoinOutcome[] joined = _d.Stable(3);
        Assert.Equal(ErrorCode.None, _d.Leave(joined[0].MemberId));
        Assert.Equal(ErrorCode.RebalanceInProgress, _d.Heartbeat(joined[1]));
        Assert.Equal(ErrorCode.UnknownMemberId, _d.Leave(joined[0].MemberId));
        Task<JoinOutcome> a = _d.Join(joined[2].MemberId);
        Task<JoinOutcome> b = _d.Join(joined[1].MemberId);
        Assert.Equal(joined[1].MemberId, Answered(a).Leader);
        Assert.Equal(2, Answered(b).Members.Count);
    }

    [Fact]
    public void The_last_one_to_leave_empties_the_group()
    {
        JoinOutcome[] joined = _d.Stable(1);
        Assert.Equal(ErrorCode.None, _d.Leave(joined[0].MemberId));
        Assert.Equal(GroupPhase.Empty, _d.Group.Phase);
    }

    [Fact]
    public void A_member_that_leaves_while_its_join_is_parked_is_told()
    {
        JoinOutcome[] old = _d.Stable(2);
        Task<JoinOutcome> back = _d.Join(old[0].MemberId);
        _d.Leave(old[0].MemberId);
        Assert.Equal(ErrorCode.UnknownMemberId, Answered(back).Error);
    }

    [Fact]
    public void Commits_are_checked_against_the_generation_and_phase()
    {
        Assert.Equal(ErrorCode.None, _d.Group.CheckCommit("", null, -1, _d.Now));
        Assert.Equal(ErrorCode.UnknownMemberId, _d.Group.CheckCommit("m", null, 1, _d.Now));
        JoinOutcome[] joined = _d.Stable(2);
        Assert.Equal(ErrorCode.None, _d.Commit(joined[0]));
        Assert.Equal(ErrorCode.UnknownMemberId, _d.Group.CheckCommit("", null, -1, _d.Now));
        Assert.Equal(ErrorCode.UnknownMemberId, _d.Commit(joined[0] with { MemberId = "ghost" }));
        Assert.Equal(ErrorCode.IllegalGeneration, _d.Commit(joined[0] with { GenerationId = 0 }));
        Task<JoinOutcome> a = _d.Join(joined[0].MemberId);
        Assert.Equal(ErrorCode.None, _d.Commit(joined[1]));
        _ = _d.Join(joined[1].MemberId);
        Assert.Equal(ErrorCode.RebalanceInProgress, _d.Commit(Answered(a)));
    }

    [Fact]
    public void A_commit_is_a_sign_of_life()
    {
        JoinOutcome[] joined = _d.Stable(1);
        for (int i = 0; i < 4; i++)
        {
            _d.Pass(9_000);
            Assert.Equal(ErrorCode.None, _d.Commit(joined[0]));
        }
    }

    [Fact]
    public void Subscribed_topics_are_known_for_consumers_only()
    {
        Task<JoinOutcome>[] joins =
        [
            _d.Join(offer: [new GroupProtocol("range", Subscription("a", "b"))]),
            _d.Join(offer: [new GroupProtocol("range", Subscription("b", "c"))]),
        ];
        _d.Pass(6_001);
        Assert.Equal(["a", "b", "c"], _d.Group.SubscribedTopics!.Order());
        _ = _d.Join(Answered(joins[0]).MemberId, offer: [new GroupProtocol("range", [9, 9])]);
        _ = _d.Join(Answered(joins[1]).MemberId);
        Assert.Equal(2, _d.Group.GenerationId);
        Assert.Null(_d.Group.SubscribedTopics);
    }

    [Fact]
    public void A_stored_group_comes_back_stable_and_its_members_heartbeat_on()
    {
        JoinOutcome[] joined = _d.Stable(2);
        GroupSnapshot stored = GroupSnapshots.Of(_d.Group);
        var after = new GroupDriver();
        after.Group.Restore(stored, after.Now);
        Assert.Equal((GroupPhase.Stable, 1, joined[0].MemberId), (after.Group.Phase, after.Group.GenerationId, after.Group.LeaderId));
        Assert.Equal(ErrorCode.None, after.Heartbeat(joined[1]));
        Assert.Equal([1], Answered(after.Sync(joined[1])).Assignment);
        Assert.Equal(1, Answered(after.Join(joined[1].MemberId)).GenerationId);
        after.Pass(9_999);
        Assert.Equal(2, after.Group.Members.Count);
        after.Pass(1);
        Assert.Empty(after.Group.Members);
        Assert.Equal(GroupPhase.Empty, after.Group.Phase);
    }

    [Fact]
    public void A_stored_group_above_the_limit_rebalances_when_it_comes_back()
    {
        _d.Stable(3);
        var after = new GroupDriver(new GroupOptions { MaxGroupSize = 2 });
        after.Group.Restore(GroupSnapshots.Of(_d.Group), after.Now);
        Assert.Equal(GroupPhase.PreparingRebalance, after.Group.Phase);
    }

    [Fact]
    public void A_dead_group_sends_everybody_to_look_for_the_coordinator()
    {
        JoinOutcome[] joined = _d.Stable(1);
        Task<JoinOutcome> parked = _d.Join(joined[0].MemberId, offer: [new GroupProtocol("range", [])]);
        Task<JoinOutcome> second = _d.Join(joined[0].MemberId);
        _d.Group.Kill(_d.Now);
        Assert.True(parked.IsCompleted && second.IsCompleted);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, Answered(_d.Join()).Error);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, Answered(_d.Sync(joined[0])).Error);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _d.Heartbeat(joined[0]));
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _d.Commit(joined[0]));
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, _d.Leave(joined[0].MemberId));
        Assert.False(_d.Group.TryTakeSave(out _));
    }
}
