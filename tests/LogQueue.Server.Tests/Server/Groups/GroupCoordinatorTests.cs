using LogQueue.Engine.Groups;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Groups;
using static LogQueue.Server.Tests.Server.Groups.CoordinatorDriver;

namespace LogQueue.Server.Tests.Server.Groups;

public sealed class GroupCoordinatorTests : IAsyncLifetime
{
    private readonly CoordinatorDriver _d = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _d.DisposeAsync();

    [Theory]
    [InlineData("", "", 10_000, ErrorCode.InvalidGroupId)]
    [InlineData("g", "", 5_999, ErrorCode.InvalidSessionTimeout)]
    [InlineData("g", "", 1_800_001, ErrorCode.InvalidSessionTimeout)]
    [InlineData("g", "ghost", 10_000, ErrorCode.UnknownMemberId)]
    public async Task Joins_are_checked_before_a_group_comes_into_being(string group, string member, int session, ErrorCode expected)
    {
        JoinGroupResponse response = await Soon(_d.Join(member, group, session: session));
        Assert.Equal((expected, -1, "", ""), (response.ErrorCode, response.GenerationId, response.Leader, response.ProtocolName));
        Assert.Empty(_d.Groups.List(new ListGroupsRequest()).Groups);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("..")]
    public async Task Instance_names_are_like_topic_names(string name) =>
        Assert.Equal(ErrorCode.InvalidConfig, (await Soon(_d.Join(instance: name, version: 5))).ErrorCode);

    [Fact]
    public async Task Limits_of_groups_and_metadata_are_kept()
    {
        await using var d = new CoordinatorDriver(new GroupOptions
        {
            InitialRebalanceDelayMs = 0, MaxGroups = 1, MaxMemberMetadataBytes = 100, MaxAssignmentBytes = 0,
        });
        Assert.Equal(ErrorCode.InvalidRequest, (await Soon(d.Join(metadata: new byte[101]))).ErrorCode);
        JoinGroupResponse joined = await Soon(d.Join());
        Assert.Equal(ErrorCode.PolicyViolation, (await Soon(d.Join(group: "second"))).ErrorCode);
        Assert.Equal(ErrorCode.InvalidRequest, (await Soon(d.Sync(joined, assigned: ["m"]))).ErrorCode);
    }

    [Fact]
    public async Task Every_join_version_ends_in_a_generation()
    {
        for (short version = 0; version <= 9; version++)
        {
            string group = $"g{version}";
            JoinGroupResponse joined = await Soon(_d.Join(group: group, version: version));
            if (version >= 4)
            {
                Assert.Equal(ErrorCode.MemberIdRequired, joined.ErrorCode);
                Assert.StartsWith("c-", joined.MemberId, StringComparison.Ordinal);
                joined = await Soon(_d.Join(joined.MemberId, group, version));
            }

            Assert.Equal((ErrorCode.None, 1, "range"), (joined.ErrorCode, joined.GenerationId, joined.ProtocolName));
            Assert.Equal(joined.MemberId, Assert.Single(joined.Members).MemberId);
            SyncGroupResponse synced = await Soon(_d.Sync(joined, group, Math.Min(version, (short)5), assigned: [joined.MemberId]));
            Assert.Equal((ErrorCode.None, 1), (synced.ErrorCode, synced.Assignment.Length));
            Assert.Equal(ErrorCode.None, _d.Heartbeat(joined, group));
        }
    }

    [Fact]
    public async Task Sync_v5_must_name_type_and_protocol()
    {
        JoinGroupResponse joined = await Soon(_d.Join());
        SyncGroupResponse response = await Soon(_d.Groups.SyncAsync(
            new SyncGroupRequest { GroupId = "g", MemberId = joined.MemberId, GenerationId = 1 }, Context(5)));
        Assert.Equal(ErrorCode.InconsistentGroupProtocol, response.ErrorCode);
    }

    [Fact]
    public async Task Groups_that_nobody_knows()
    {
        JoinGroupResponse ghost = new() { MemberId = "m", GenerationId = 1 };
        Assert.Equal(ErrorCode.UnknownMemberId, _d.Heartbeat(ghost));
        Assert.Equal(ErrorCode.InvalidGroupId, _d.Heartbeat(ghost, ""));
        Assert.Equal(ErrorCode.UnknownMemberId, (await Soon(_d.Sync(ghost))).ErrorCode);
        Assert.Equal(ErrorCode.InvalidGroupId, (await Soon(_d.Sync(ghost, ""))).ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, Leave(0, "g", "m").ErrorCode);
        Assert.Equal(ErrorCode.UnknownMemberId, Leave(3, "g", "m").Members[0].ErrorCode);
        Assert.Equal(ErrorCode.InvalidGroupId, Leave(3, "", "m").ErrorCode);
        Assert.Empty(_d.Groups.List(new ListGroupsRequest()).Groups);
    }

    [Fact]
    public async Task Leaving_in_a_batch_answers_each_member()
    {
        JoinGroupResponse joined = await _d.StableAsync();
        LeaveGroupResponse response = Leave(5, "g", "ghost", joined.MemberId);
        Assert.Equal(ErrorCode.None, response.ErrorCode);
        Assert.Equal([ErrorCode.UnknownMemberId, ErrorCode.None], response.Members.Select(m => m.ErrorCode));
        Assert.Equal("Empty", _d.State());
    }

    [Fact]
    public async Task Sessions_end_by_the_clock()
    {
        JoinGroupResponse joined = await _d.StableAsync();
        _d.Clock.Advance(TimeSpan.FromMilliseconds(9_999));
        Assert.Equal(ErrorCode.None, _d.Heartbeat(joined));
        _d.Clock.Advance(TimeSpan.FromMilliseconds(9_999));
        Assert.Equal("Stable", _d.State());
        _d.Clock.Advance(TimeSpan.FromMilliseconds(2));
        Assert.Equal("Empty", _d.State());
        Assert.Equal(ErrorCode.UnknownMemberId, _d.Heartbeat(joined));
    }

    [Fact]
    public async Task A_broken_connection_frees_its_parked_join()
    {
        await _d.StableAsync();
        using var connection = new CancellationTokenSource();
        Task<JoinGroupResponse> parked = _d.Join(aborted: connection.Token);
        Assert.False(parked.IsCompleted);
        await connection.CancelAsync();
        Assert.Equal(ErrorCode.NetworkException, (await Soon(parked)).ErrorCode);
    }

    [Fact]
    public async Task A_broken_connection_frees_its_parked_sync()
    {
        JoinGroupResponse leader = await _d.StableAsync();
        Task<JoinGroupResponse> follower = _d.Join();
        await Soon(_d.Join(leader.MemberId));
        using var connection = new CancellationTokenSource();
        Task<SyncGroupResponse> parked = _d.Sync(await Soon(follower), aborted: connection.Token);
        Assert.False(parked.IsCompleted);
        await connection.CancelAsync();
        Assert.Equal(ErrorCode.NetworkException, (await Soon(parked)).ErrorCode);
    }

    [Fact]
    public async Task A_restart_keeps_generation_members_and_assignments()
    {
        JoinGroupResponse joined = await _d.StableAsync();
        await using var after = new CoordinatorDriver(store: _d.Store);
        Assert.Equal("Stable", after.State());
        Assert.Equal(ErrorCode.None, after.Heartbeat(joined));
        Assert.Equal([0], (await Soon(after.Sync(joined))).Assignment.ToArray());
        JoinGroupResponse again = await Soon(after.Join(joined.MemberId));
        Assert.Equal(2, again.GenerationId);
    }

    [Fact]
    public async Task After_a_restart_a_silent_member_is_removed_by_its_session()
    {
        await _d.StableAsync();
        await using var after = new CoordinatorDriver(store: _d.Store);
        after.Clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("Empty", after.State());
    }

    [Fact]
    public async Task The_store_sees_generations_in_order_and_the_emptying_last()
    {
        JoinGroupResponse joined = await _d.StableAsync();
        JoinGroupResponse second = await Soon(_d.Join(joined.MemberId));
        await Soon(_d.Sync(second, assigned: [second.MemberId]));
        Leave(0, "g", second.MemberId);
        GroupSnapshot last = await EventuallySaved(s => s.Members.Count == 0);
        Assert.Equal(3, last.GenerationId);
        Assert.Equal([1, 2, 3], _d.Store.Saved.Select(s => s.GenerationId));
    }

    [Fact]
    public async Task When_the_store_fails_the_members_are_told_to_try_again_and_then_succeed()
    {
        JoinGroupResponse joined = await Soon(_d.Join());
        _d.Store.Failure = new IOException("no space");
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, (await Soon(_d.Sync(joined, assigned: [joined.MemberId]))).ErrorCode);
        _d.Store.Failure = null;
        JoinGroupResponse again = await Soon(_d.Join(joined.MemberId));
        Assert.Equal(2, again.GenerationId);
        Assert.Equal(ErrorCode.None, (await Soon(_d.Sync(again, assigned: [again.MemberId]))).ErrorCode);
    }

    [Fact]
    public async Task The_lock_is_not_held_while_the_store_is_slow()
    {
        JoinGroupResponse joined = await Soon(_d.Join());
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _d.Store.Gate = gate.Task;
        Task<SyncGroupResponse> sync = _d.Sync(joined, assigned: [joined.MemberId]);
        Assert.Equal(ErrorCode.None, _d.Heartbeat(joined));
        Assert.False(sync.IsCompleted);
        gate.SetResult();
        Assert.Equal(ErrorCode.None, (await Soon(sync)).ErrorCode);
    }

    private LeaveGroupResponse Leave(short version, string group, params string[] members) => _d.Groups.Leave(
        new LeaveGroupRequest
        {
            GroupId = group,
            MemberId = version < 3 ? members[0] : "",
            Members = version < 3 ? [] : [.. members.Select(m => new LeaveGroupRequest.MemberIdentity { MemberId = m })],
        },
        Context(version));

    private async Task<GroupSnapshot> EventuallySaved(Func<GroupSnapshot, bool> wanted)
    {
        for (int i = 0; i < 500; i++)
        {
            lock (_d.Store.Saved)
            {
                if (_d.Store.Saved.LastOrDefault() is { } last && wanted(last))
                {
                    return last;
                }
            }

            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        throw new TimeoutException("the state was never stored");
    }
}
