using LogQueue.Protocol;
using LogQueue.Server.Groups;
using static LogQueue.Server.Tests.Server.Groups.GroupDriver;

namespace LogQueue.Server.Tests.Server.Groups;

public sealed class GroupJoinTests
{
    private readonly GroupDriver _d = new();

    [Fact]
    public void A_dynamic_newcomer_first_gets_its_id_and_joins_with_it()
    {
        JoinOutcome refused = Answered(_d.Join(_d.Call(knownId: true)));
        Assert.Equal(ErrorCode.MemberIdRequired, refused.Error);
        Assert.Equal(-1, refused.GenerationId);
        Assert.NotEmpty(refused.MemberId);
        Assert.Equal(1, _d.Group.PendingMemberCount);

        Task<JoinOutcome> join = _d.Join(refused.MemberId);
        Assert.Equal(0, _d.Group.PendingMemberCount);
        _d.Pass(3_000);
        JoinOutcome joined = Answered(join);
        Assert.Equal((ErrorCode.None, refused.MemberId, 1, refused.MemberId), (joined.Error, joined.MemberId, joined.GenerationId, joined.Leader));
    }

    [Fact]
    public void An_id_that_is_not_used_is_forgotten_after_the_session_timeout()
    {
        JoinOutcome refused = Answered(_d.Join(_d.Call(knownId: true, session: 6_000)));
        _d.Pass(5_999);
        Assert.Equal(1, _d.Group.PendingMemberCount);
        _d.Pass(1);
        Assert.Equal(0, _d.Group.PendingMemberCount);
        Assert.Equal(ErrorCode.UnknownMemberId, Answered(_d.Join(refused.MemberId)).Error);
    }

    [Fact]
    public void Pending_ids_hold_the_rebalance_open_and_their_leaving_closes_it()
    {
        JoinOutcome[] old = _d.Stable(1);
        string pending = Answered(_d.Join(_d.Call(knownId: true))).MemberId;
        Task<JoinOutcome> rejoin = _d.Join(old[0].MemberId);
        Assert.False(rejoin.IsCompleted);
        Assert.Equal(ErrorCode.None, _d.Leave(pending));
        Assert.Equal(2, Answered(rejoin).GenerationId);
    }

    [Fact]
    public void Pending_ids_are_bounded()
    {
        var d = new GroupDriver(new GroupOptions { MaxPendingMembers = 2 });
        Assert.Equal(ErrorCode.MemberIdRequired, Answered(d.Join(d.Call(knownId: true))).Error);
        Assert.Equal(ErrorCode.MemberIdRequired, Answered(d.Join(d.Call(knownId: true))).Error);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, Answered(d.Join(d.Call(knownId: true))).Error);
    }

    [Fact]
    public void An_unknown_member_id_is_refused()
    {
        Assert.Equal(ErrorCode.UnknownMemberId, Answered(_d.Join("ghost")).Error);
        _d.Stable(1);
        Assert.Equal(ErrorCode.UnknownMemberId, Answered(_d.Join("ghost")).Error);
    }

    [Fact]
    public void The_first_generation_waits_the_initial_delay_and_longer_while_company_comes()
    {
        Task<JoinOutcome> first = _d.Join();
        _d.Pass(2_000);
        Task<JoinOutcome> second = _d.Join();
        _d.Pass(1_000);
        Assert.False(first.IsCompleted);
        _d.Pass(2_999);
        Assert.False(first.IsCompleted);
        _d.Pass(1);
        Assert.Equal(1, Answered(first).GenerationId);
        Assert.Equal(1, Answered(second).GenerationId);
        Assert.Equal(2, Answered(first).Members.Count);
        Assert.Empty(Answered(second).Members);
    }

    [Fact]
    public void The_initial_delay_grows_no_longer_than_the_rebalance_timeout()
    {
        Task<JoinOutcome> first = _d.Join(_d.Call(rebalance: 7_000));
        for (int i = 0; i < 6; i++)
        {
            _d.Pass(1_000);
            _ = _d.Join(_d.Call(rebalance: 7_000));
        }

        Assert.False(first.IsCompleted);
        _d.Pass(1_000);
        Assert.Equal(7, Answered(first).Members.Count);
    }

    [Fact]
    public void Without_initial_delay_the_first_joiner_is_answered_at_once()
    {
        var d = new GroupDriver(new GroupOptions { InitialRebalanceDelayMs = 0 });
        Assert.Equal(1, Answered(d.Join()).GenerationId);
    }

    [Fact]
    public void Protocol_type_and_protocols_must_fit()
    {
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Answered(_d.Join(_d.Call(type: ""))).Error);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Answered(_d.Join(_d.Call(offer: []))).Error);
        _ = _d.Join(offer: Offer("range", "sticky"));
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Answered(_d.Join(_d.Call(type: "connect"))).Error);
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, Answered(_d.Join(offer: Offer("roundrobin"))).Error);
        Assert.False(_d.Join(offer: Offer("roundrobin", "sticky")).IsCompleted);
    }

    [Theory]
    [InlineData("a,b", "b,a", "b,a", "b")]
    [InlineData("a,b", "a,b", "b,a", "a")]
    [InlineData("a,b,c", "c,b", "b,c", "b")]
    [InlineData("c,a,b", "c,b", "b,c", "c")]
    public void The_protocol_is_voted_among_those_all_members_know(string first, string second, string third, string expected)
    {
        Task<JoinOutcome>[] joins = [.. new[] { first, second, third }.Select(o => _d.Join(offer: Offer(o.Split(','))))];
        _d.Pass(6_001);
        Assert.All(joins, j => Assert.Equal(expected, Answered(j).ProtocolName));
    }

    [Fact]
    public void The_leader_sees_each_members_metadata_for_the_chosen_protocol()
    {
        Task<JoinOutcome> leader = _d.Join(offer: [new GroupProtocol("x", [1]), new GroupProtocol("y", [2])]);
        Task<JoinOutcome> other = _d.Join(offer: [new GroupProtocol("y", [3])]);
        _d.Pass(6_001);
        Assert.Equal("y", Answered(leader).ProtocolName);
        Assert.Equal([[2], [3]], Answered(leader).Members.Select(m => m.Metadata));
        Assert.Equal(Answered(leader).MemberId, Answered(other).Leader);
    }

    [Fact]
    public void A_rebalance_ends_as_soon_as_everybody_is_back()
    {
        JoinOutcome[] old = _d.Stable(3);
        Task<JoinOutcome> newcomer = _d.Join();
        Assert.Equal(GroupPhase.PreparingRebalance, _d.Group.Phase);
        Task<JoinOutcome>[] back = [.. old.Select(o => _d.Join(o.MemberId))];
        Assert.All(back, b => Assert.Equal(2, Answered(b).GenerationId));
        Assert.Equal(2, Answered(newcomer).GenerationId);
        Assert.Equal(old[0].MemberId, Answered(newcomer).Leader);
    }

    [Fact]
    public void Who_does_not_come_back_in_time_is_out()
    {
        JoinOutcome[] old = _d.Stable(2);
        Task<JoinOutcome> newcomer = _d.Join();
        for (int i = 0; i < 12; i++)
        {
            _d.Pass(5_000);
            _d.Heartbeat(old[0]);
        }

        Assert.Equal(2, Answered(newcomer).GenerationId);
        Assert.Equal(Answered(newcomer).MemberId, Answered(newcomer).Leader);
        Assert.Single(_d.Group.Members);
        Assert.Equal(ErrorCode.UnknownMemberId, _d.Heartbeat(old[0]));
    }

    [Fact]
    public void In_a_stable_group_a_follower_that_repeats_itself_is_answered_and_the_leader_rebalances()
    {
        JoinOutcome[] old = _d.Stable(2);
        JoinOutcome again = Answered(_d.Join(old[1].MemberId));
        Assert.Equal((1, old[1].MemberId), (again.GenerationId, again.MemberId));
        Assert.Empty(again.Members);
        Assert.Equal(GroupPhase.Stable, _d.Group.Phase);

        Assert.False(_d.Join(old[0].MemberId).IsCompleted);
        Assert.Equal(GroupPhase.PreparingRebalance, _d.Group.Phase);
    }

    [Fact]
    public void A_follower_with_a_new_subscription_rebalances()
    {
        JoinOutcome[] old = _d.Stable(2);
        Assert.False(_d.Join(old[1].MemberId, offer: [new GroupProtocol("range", Subscription("t", "u"))]).IsCompleted);
        Assert.Equal(ErrorCode.RebalanceInProgress, _d.Heartbeat(old[0]));
    }

    [Fact]
    public void While_the_assignment_is_awaited_a_repeated_join_gets_the_same_answer_and_a_changed_one_rebalances()
    {
        Task<JoinOutcome>[] joins = [_d.Join(), _d.Join()];
        _d.Pass(6_001);
        JoinOutcome leader = Answered(_d.Join(Answered(joins[0]).MemberId));
        Assert.Equal((1, 2), (leader.GenerationId, leader.Members.Count));
        Assert.Equal(1, Answered(_d.Join(Answered(joins[1]).MemberId)).GenerationId);
        Assert.Equal(GroupPhase.CompletingRebalance, _d.Group.Phase);

        Assert.False(_d.Join(Answered(joins[1]).MemberId, offer: [new GroupProtocol("range", Subscription("x"))]).IsCompleted);
        Assert.Equal(GroupPhase.PreparingRebalance, _d.Group.Phase);
    }

    [Fact]
    public void A_newcomer_during_the_sync_phase_sends_waiting_followers_back_to_join()
    {
        Task<JoinOutcome>[] joins = [_d.Join(), _d.Join()];
        _d.Pass(6_001);
        Task<SyncOutcome> follower = _d.Sync(Answered(joins[1]));
        _ = _d.Join();
        Assert.Equal(ErrorCode.RebalanceInProgress, Answered(follower).Error);
    }

    [Fact]
    public void A_full_group_refuses_newcomers_and_keeps_its_members()
    {
        var d = new GroupDriver(new GroupOptions { MaxGroupSize = 2 });
        JoinOutcome[] old = d.Stable(2);
        JoinOutcome refused = Answered(d.Join());
        Assert.Equal((ErrorCode.GroupMaxSizeReached, ""), (refused.Error, refused.MemberId));
        Assert.Equal(GroupPhase.Stable, d.Group.Phase);
        Assert.Equal(1, Answered(d.Join(old[1].MemberId)).GenerationId);
    }

    [Fact]
    public void A_member_that_loses_the_race_for_the_last_place_is_removed()
    {
        var d = new GroupDriver(new GroupOptions { MaxGroupSize = 2 });
        JoinOutcome[] old = d.Stable(2);
        Task<JoinOutcome> back = d.Join(old[0].MemberId);
        Task<JoinOutcome> quick = d.Join();
        Assert.Equal(ErrorCode.GroupMaxSizeReached, Answered(d.Join(old[1].MemberId)).Error);
        Assert.Equal(2, Answered(back).GenerationId);
        Assert.Equal(2, Answered(quick).GenerationId);
    }

    [Fact]
    public void A_repeated_join_takes_the_place_of_the_parked_one()
    {
        JoinOutcome[] old = _d.Stable(2);
        Task<JoinOutcome> lost = _d.Join(old[0].MemberId);
        Task<JoinOutcome> again = _d.Join(old[0].MemberId);
        Assert.Equal(ErrorCode.RebalanceInProgress, Answered(lost).Error);
        Assert.False(again.IsCompleted);
    }

    [Fact]
    public void A_newcomer_whose_join_is_never_answered_is_given_up()
    {
        JoinOutcome[] old = _d.Stable(1);
        Task<JoinOutcome> newcomer = _d.Join(_d.Call(rebalance: 1_000_000));
        for (int i = 0; i < 60; i++)
        {
            _d.Heartbeat(old[0]);
            _d.Pass(5_000);
        }

        Assert.Equal(ErrorCode.UnknownMemberId, Answered(newcomer).Error);
        Assert.Equal(old[0].MemberId, Assert.Single(_d.Group.Members).Id);
    }

    [Fact]
    public void A_newcomer_without_an_id_goes_with_its_connection_and_one_with_an_id_may_come_back()
    {
        Task<JoinOutcome> nameless = _d.Join();
        string id = Answered(_d.Join(_d.Call(knownId: true))).MemberId;
        Task<JoinOutcome> named = _d.Join(id);
        _d.Group.Abandon(nameless, _d.Now);
        _d.Group.Abandon(named, _d.Now);
        Assert.True(nameless.IsCompleted && named.IsCompleted);
        Assert.Equal(id, Assert.Single(_d.Group.Members).Id);
        Task<JoinOutcome> back = _d.Join(id);
        _d.Pass(6_001);
        Assert.Equal((1, id), (Answered(back).GenerationId, Answered(back).Leader));
    }
}
