using LogQueue.Protocol;
using LogQueue.Server.Groups;
using static LogQueue.Server.Tests.Server.Groups.GroupDriver;

namespace LogQueue.Server.Tests.Server.Groups;

public sealed class GroupStaticMemberTests
{
    private readonly GroupDriver _d = new();

    [Fact]
    public void A_static_newcomer_needs_no_second_join()
    {
        Task<JoinOutcome> join = _d.Join(_d.Call(instance: "a", knownId: true));
        Assert.False(join.IsCompleted);
        _d.Pass(3_000);
        Assert.Equal(ErrorCode.None, Answered(join).Error);
    }

    [Fact]
    public void A_follower_that_comes_back_keeps_its_assignment_without_a_rebalance()
    {
        (JoinOutcome a, JoinOutcome b) = StablePair();
        JoinOutcome back = Answered(_d.Join(_d.Call(instance: "b")));
        Assert.NotEqual(b.MemberId, back.MemberId);
        Assert.Equal((1, a.MemberId, false), (back.GenerationId, back.Leader, back.SkipAssignment));
        Assert.Equal([2], Answered(_d.Sync(back, "b")).Assignment);
        Assert.Equal(ErrorCode.None, _d.Heartbeat(a, "a"));
    }

    [Fact]
    public void Who_calls_under_the_old_id_is_fenced()
    {
        (_, JoinOutcome b) = StablePair();
        JoinOutcome back = Answered(_d.Join(_d.Call(instance: "b")));
        Assert.Equal(ErrorCode.FencedInstanceId, _d.Heartbeat(b, "b"));
        Assert.Equal(ErrorCode.FencedInstanceId, _d.Commit(b, "b"));
        Assert.Equal(ErrorCode.FencedInstanceId, Answered(_d.Sync(b, "b")).Error);
        Assert.Equal(ErrorCode.FencedInstanceId, Answered(_d.Join(b.MemberId, "b")).Error);
        Assert.Equal(ErrorCode.FencedInstanceId, _d.Leave(b.MemberId, "b"));
        Assert.Equal(ErrorCode.None, _d.Heartbeat(back, "b"));
        Assert.Equal(ErrorCode.UnknownMemberId, _d.Heartbeat(b, "nobody"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_leader_that_comes_back_does_not_assign_anew(bool canSkip)
    {
        (JoinOutcome a, _) = StablePair();
        JoinOutcome back = Answered(_d.Join(_d.Call(instance: "a", skip: canSkip)));
        Assert.Equal(GroupPhase.Stable, _d.Group.Phase);
        Assert.Equal(canSkip, back.SkipAssignment);
        Assert.Equal(canSkip ? back.MemberId : a.MemberId, back.Leader);
        Assert.Equal(canSkip ? 2 : 0, back.Members.Count);
        Assert.Equal(back.MemberId, _d.Group.LeaderId);
        Assert.Equal([1], Answered(_d.Sync(back, "a")).Assignment);
    }

    [Fact]
    public void The_new_id_is_stored_before_it_is_told()
    {
        StablePair();
        _d.SavesAtOnce = false;
        Task<JoinOutcome> back = _d.Join(_d.Call(instance: "b"));
        Assert.False(back.IsCompleted);
        Assert.True(_d.Group.TryTakeSave(out GroupSave save));
        Assert.Contains(save.State.Members, m => m.GroupInstanceId == "b" && m.MemberId.StartsWith("b-", StringComparison.Ordinal));
        _d.Group.CompleteSave(save.Version, isDurable: false, _d.Now);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, Answered(back).Error);
    }

    [Fact]
    public void New_topics_rebalance_and_owned_partitions_alone_do_not()
    {
        StablePair();
        byte[] withOwned = [.. Subscription("t"), 1, 2, 3];
        Assert.True(_d.Join(_d.Call(instance: "b", offer: [new GroupProtocol("range", withOwned)])).IsCompleted);
        Assert.False(_d.Join(_d.Call(instance: "b", offer: [new GroupProtocol("range", Subscription("t", "u"))])).IsCompleted);
        Assert.Equal(GroupPhase.PreparingRebalance, _d.Group.Phase);
    }

    [Fact]
    public void A_return_during_the_sync_phase_starts_over()
    {
        Task<JoinOutcome> a = _d.Join(_d.Call(instance: "a"));
        Task<JoinOutcome> b = _d.Join(_d.Call(instance: "b"));
        _d.Pass(6_001);
        Task<SyncOutcome> waiting = _d.Sync(Answered(b), "b");
        Task<JoinOutcome> back = _d.Join(_d.Call(instance: "b"));
        Assert.Equal(ErrorCode.FencedInstanceId, Answered(waiting).Error);
        Assert.Equal(GroupPhase.PreparingRebalance, _d.Group.Phase);
        Task<JoinOutcome> again = _d.Join(Answered(a).MemberId, "a");
        Assert.Equal((2, 2), (Answered(back).GenerationId, Answered(again).GenerationId));
    }

    [Fact]
    public void A_second_process_with_the_name_fences_the_first_while_it_is_parked()
    {
        Task<JoinOutcome> first = _d.Join(_d.Call(instance: "a"));
        Task<JoinOutcome> second = _d.Join(_d.Call(instance: "a"));
        Assert.Equal(ErrorCode.FencedInstanceId, Answered(first).Error);
        _d.Pass(6_001);
        Assert.Equal(ErrorCode.None, Answered(second).Error);
        Assert.Single(_d.Group.Members);
    }

    [Fact]
    public void A_static_member_that_is_away_survives_a_rebalance_until_it_owes_its_sync_too_long()
    {
        Task<JoinOutcome>[] joins = [_d.Join(Slow("a")), _d.Join(Slow("b"))];
        _d.Pass(6_001);
        JoinOutcome a = Answered(joins[0]);
        _d.SyncAll([a, Answered(joins[1])]);
        Task<JoinOutcome> rejoin = _d.Join(Slow("a", a.MemberId, "u"));
        _d.Pass(20_000);
        Assert.Equal((2, 2), (Answered(rejoin).GenerationId, Answered(rejoin).Members.Count));
        Answered(_d.Sync(Answered(rejoin), "a"));
        _d.Pass(20_000);
        Assert.Equal("a", Assert.Single(_d.Group.Members).InstanceId);

        JoinCall Slow(string name, string id = "", string topic = "t") => _d.Call(
            id, name, [new GroupProtocol("range", Subscription(topic))], session: 300_000, rebalance: 20_000);
    }

    [Fact]
    public void When_only_absent_static_members_are_left_the_group_waits_for_their_sessions()
    {
        Task<JoinOutcome>[] joins = [_d.Join(Slow("a")), _d.Join(Slow("b"))];
        _d.Pass(6_001);
        _d.SyncAll([Answered(joins[0]), Answered(joins[1])]);
        _d.Leave(Answered(joins[0]).MemberId, "a");
        _d.Pass(60_000);
        Assert.Equal(GroupPhase.PreparingRebalance, _d.Group.Phase);
        Assert.Equal(1, _d.Group.GenerationId);
        _d.Pass(60_000);
        Assert.Equal(GroupPhase.Empty, _d.Group.Phase);

        JoinCall Slow(string name) => _d.Call(instance: name, session: 100_000, rebalance: 20_000);
    }

    [Fact]
    public void An_operator_removes_a_static_member_by_its_name()
    {
        (JoinOutcome a, _) = StablePair();
        Assert.Equal(ErrorCode.None, _d.Leave("", "b"));
        Assert.Equal(ErrorCode.RebalanceInProgress, _d.Heartbeat(a, "a"));
        Assert.Equal(ErrorCode.UnknownMemberId, _d.Leave("", "b"));
    }

    private (JoinOutcome A, JoinOutcome B) StablePair()
    {
        Task<JoinOutcome> a = _d.Join(_d.Call(instance: "a"));
        Task<JoinOutcome> b = _d.Join(_d.Call(instance: "b"));
        _d.Pass(6_001);
        _ = _d.Sync(Answered(a), "a", (Answered(a).MemberId, 1), (Answered(b).MemberId, 2));
        Answered(_d.Sync(Answered(b), "b"));
        return (Answered(a), Answered(b));
    }
}
