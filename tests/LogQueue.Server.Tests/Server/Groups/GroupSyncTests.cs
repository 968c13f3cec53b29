using LogQueue.Protocol;
using LogQueue.Server.Groups;
using static LogQueue.Server.Tests.Server.Groups.GroupDriver;

namespace LogQueue.Server.Tests.Server.Groups;

public sealed class GroupSyncTests
{
    private readonly GroupDriver _d = new();

    [Fact]
    public void Followers_wait_for_the_leader_and_everybody_gets_its_own()
    {
        JoinOutcome[] joined = Joined(3);
        Task<SyncOutcome> early = _d.Sync(joined[1]);
        Assert.False(early.IsCompleted);
        SyncOutcome leader = Answered(_d.Sync(joined[0], null, (joined[0].MemberId, 7), (joined[1].MemberId, 8)));
        Assert.Equal((byte)7, Assert.Single(leader.Assignment));
        Assert.Equal((byte)8, Assert.Single(Answered(early).Assignment));
        Assert.Equal(("consumer", "range"), (leader.ProtocolType, leader.ProtocolName));
        Assert.Equal(GroupPhase.Stable, _d.Group.Phase);
        Assert.Empty(Answered(_d.Sync(joined[2])).Assignment);
    }

    [Fact]
    public void Nobody_is_answered_before_the_assignment_is_stored()
    {
        JoinOutcome[] joined = Joined(2);
        _d.SavesAtOnce = false;
        Task<SyncOutcome> leader = _d.Sync(joined[0], null, (joined[1].MemberId, 1));
        Task<SyncOutcome> follower = _d.Sync(joined[1]);
        Assert.True(_d.Group.TryTakeSave(out GroupSave save));
        Assert.False(_d.Group.TryTakeSave(out _));
        Assert.False(leader.IsCompleted || follower.IsCompleted);
        Assert.Equal(ErrorCode.None, _d.Heartbeat(joined[0]));
        Assert.Equal([1], save.State.Members[1].Assignment.ToArray());
        _d.Group.CompleteSave(save.Version, isDurable: true, _d.Now);
        Assert.Equal(ErrorCode.None, Answered(leader).Error);
        Assert.Equal([1], Answered(follower).Assignment);
    }

    [Fact]
    public void An_assignment_that_cannot_be_stored_sends_everybody_back()
    {
        JoinOutcome[] joined = Joined(2);
        _d.SavesAtOnce = false;
        Task<SyncOutcome> leader = _d.Sync(joined[0]);
        Task<SyncOutcome> follower = _d.Sync(joined[1]);
        Assert.True(_d.Group.TryTakeSave(out GroupSave save));
        _d.Group.CompleteSave(save.Version, isDurable: false, _d.Now);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, Answered(leader).Error);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, Answered(follower).Error);
        Assert.Equal(GroupPhase.PreparingRebalance, _d.Group.Phase);
    }

    [Fact]
    public void An_assignment_of_a_generation_that_is_over_is_not_handed_out()
    {
        JoinOutcome[] joined = Joined(2);
        _d.SavesAtOnce = false;
        Task<SyncOutcome> leader = _d.Sync(joined[0], null, (joined[1].MemberId, 1));
        Assert.True(_d.Group.TryTakeSave(out GroupSave save));
        _ = _d.Join();
        Assert.Equal(ErrorCode.RebalanceInProgress, Answered(leader).Error);
        _d.Group.CompleteSave(save.Version, isDurable: true, _d.Now);
        Assert.Equal(GroupPhase.PreparingRebalance, _d.Group.Phase);
        Assert.All(_d.Group.Members, m => Assert.Empty(m.Assignment));
    }

    [Fact]
    public void Who_syncs_must_be_a_member_of_this_generation_with_its_protocol()
    {
        JoinOutcome[] joined = Joined(1);
        Assert.Equal(ErrorCode.UnknownMemberId, Answered(_d.Sync(joined[0] with { MemberId = "ghost" })).Error);
        Assert.Equal(ErrorCode.IllegalGeneration, Answered(_d.Sync(joined[0] with { GenerationId = 0 })).Error);
        var call = new SyncCall { MemberId = joined[0].MemberId, GenerationId = 1 };
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Answered(_d.Group.Sync(call with { ProtocolType = "connect" }, _d.Now)).Error);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Answered(_d.Group.Sync(call with { ProtocolName = "sticky" }, _d.Now)).Error);
        Assert.False(_d.Group.Sync(call with { ProtocolType = "consumer", ProtocolName = "range" }, _d.Now).IsCompleted);
    }

    [Fact]
    public void A_sync_while_members_are_collected_is_told_to_join()
    {
        JoinOutcome[] joined = _d.Stable(2);
        _ = _d.Join();
        Assert.Equal(ErrorCode.RebalanceInProgress, Answered(_d.Sync(joined[0])).Error);
    }

    [Fact]
    public void Members_that_do_not_sync_within_the_rebalance_timeout_are_out()
    {
        Task<JoinOutcome>[] joins = [.. Enumerable.Range(0, 3).Select(_ => _d.Join(_d.Call(session: 30_000, rebalance: 20_000)))];
        _d.Pass(6_001);
        JoinOutcome[] joined = [.. joins.Select(Answered)];
        Answered(_d.Sync(joined[0], null, (joined[1].MemberId, 1)));
        Answered(_d.Sync(joined[1]));
        _d.Pass(19_000);
        Assert.Equal(ErrorCode.None, _d.Heartbeat(joined[0]));
        _d.Pass(1_000);
        Assert.Equal(ErrorCode.RebalanceInProgress, _d.Heartbeat(joined[0]));
        Assert.Equal(ErrorCode.UnknownMemberId, _d.Heartbeat(joined[2]));
        Assert.Equal(2, _d.Group.Members.Count);
    }

    [Fact]
    public void A_leader_that_never_syncs_frees_its_waiting_followers()
    {
        Task<JoinOutcome>[] joins = [.. Enumerable.Range(0, 2).Select(_ => _d.Join(_d.Call(session: 30_000, rebalance: 20_000)))];
        _d.Pass(6_001);
        Task<SyncOutcome> follower = _d.Sync(Answered(joins[1]));
        _d.Pass(20_000);
        Assert.Equal(ErrorCode.RebalanceInProgress, Answered(follower).Error);
        Assert.Equal(Answered(joins[1]).MemberId, _d.Group.LeaderId);
    }

    [Fact]
    public void A_leader_may_repeat_its_sync()
    {
        JoinOutcome[] joined = Joined(2);
        _d.SavesAtOnce = false;
        Task<SyncOutcome> lost = _d.Sync(joined[0], null, (joined[1].MemberId, 1));
        Task<SyncOutcome> again = _d.Sync(joined[0], null, (joined[1].MemberId, 2));
        Assert.Equal(ErrorCode.RebalanceInProgress, Answered(lost).Error);
        _d.SavesAtOnce = true;
        _d.Settle();
        Assert.Equal(ErrorCode.None, Answered(again).Error);
        Assert.Equal([2], Answered(_d.Sync(joined[1])).Assignment);
    }

    [Fact]
    public void A_parked_sync_whose_connection_broke_is_answered_and_the_session_runs()
    {
        JoinOutcome[] joined = Joined(2);
        Task<SyncOutcome> parked = _d.Sync(joined[1]);
        _d.Group.Abandon(parked, _d.Now);
        Assert.True(parked.IsCompleted);
        _d.Pass(10_000);
        Assert.DoesNotContain(_d.Group.Members, m => m.Id == joined[1].MemberId);
    }

    [Fact]
    public void A_save_from_before_the_assignment_does_not_count_for_it()
    {
        Task<JoinOutcome> join = _d.Join(_d.Call(instance: "a"));
        _d.Pass(6_001);
        JoinOutcome first = Answered(join);
        Answered(_d.Sync(first, "a"));
        _d.SavesAtOnce = false;

        // A returning static member asks for a save, which is slow; meanwhile a new generation forms and its leader syncs.
        Task<JoinOutcome> back = _d.Join(_d.Call(instance: "a"));
        Assert.True(_d.Group.TryTakeSave(out GroupSave slow));
        string id = Assert.Single(_d.Group.Members).Id;
        JoinOutcome next = Answered(_d.Join(id, "a"));
        Task<SyncOutcome> sync = _d.Sync(next, "a", (id, 3));
        _d.Group.CompleteSave(slow.Version, isDurable: true, _d.Now);
        Assert.True(back.IsCompleted);
        Assert.False(sync.IsCompleted);
        _d.SavesAtOnce = true;
        _d.Settle();
        Assert.Equal([3], Answered(sync).Assignment);
    }

    private JoinOutcome[] Joined(int members)
    {
        Task<JoinOutcome>[] joins = [.. Enumerable.Range(0, members).Select(_ => _d.Join())];
        _d.Pass(6_001);
        return [.. joins.Select(Answered)];
    }
}
