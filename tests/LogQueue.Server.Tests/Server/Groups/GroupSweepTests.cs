using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Groups;
using static LogQueue.Server.Tests.Server.Groups.CoordinatorDriver;

namespace LogQueue.Server.Tests.Server.Groups;

public sealed class GroupSweepTests : IAsyncLifetime
{
    private readonly CoordinatorDriver _d = new(new GroupOptions
    {
        InitialRebalanceDelayMs = 0, OffsetsRetentionMinutes = 60, OffsetsRetentionCheckIntervalMs = 100_000_000,
    });

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _d.DisposeAsync();

    [Fact]
    public async Task Offsets_of_a_simple_group_expire_after_their_commit_and_the_group_goes_with_the_last()
    {
        await _d.Commit([("t", 0, 1)]);
        await PassAsync(30);
        await _d.Commit([("t", 1, 1)]);
        await PassAsync(30);
        Assert.Equal(1, Assert.Single(_d.Store.OffsetsOf("g")).Key.Partition);
        Assert.Equal("Empty", _d.State());
        await PassAsync(30);
        Assert.Empty(_d.Store.OffsetsOf("g"));
        Assert.Equal("Dead", _d.State());
        Assert.Empty(_d.Groups.List(new ListGroupsRequest()).Groups);
    }

    [Fact]
    public async Task Offsets_of_a_live_group_stay_and_expire_only_from_when_it_became_empty()
    {
        JoinGroupResponse member = await _d.StableAsync();
        await _d.Commit([("t", 0, 1)], member: member);
        for (int i = 0; i < 600; i++)
        {
            _d.Clock.Advance(TimeSpan.FromSeconds(9));
            Assert.Equal(ErrorCode.None, _d.Heartbeat(member));
        }

        await _d.Groups.SweepAsync();
        Assert.Single(_d.Store.OffsetsOf("g"));
        _d.Clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("Empty", _d.State());
        await PassAsync(59);
        Assert.Single(_d.Store.OffsetsOf("g"));
        await PassAsync(1);
        Assert.Empty(_d.Store.OffsetsOf("g"));
        Assert.Equal("Dead", _d.State());
    }

    [Fact]
    public async Task A_stable_group_loses_offsets_of_topics_it_left()
    {
        await _d.Commit([("t", 0, 1), ("u", 0, 1)]);
        JoinGroupResponse member = await _d.StableAsync();
        for (int i = 0; i < 600; i++)
        {
            _d.Clock.Advance(TimeSpan.FromSeconds(9));
            _d.Heartbeat(member);
        }

        await _d.Groups.SweepAsync();
        Assert.Equal("t", Assert.Single(_d.Store.OffsetsOf("g")).Key.Topic);
    }

    [Fact]
    public async Task An_expiry_that_the_client_set_stands()
    {
        await _d.Commit([("t", 0, 1)], version: 3, retentionMs: 10 * 60_000);
        await _d.Commit([("t", 1, 1)], version: 3, retentionMs: 90 * 60_000);
        await PassAsync(11);
        Assert.Equal(1, Assert.Single(_d.Store.OffsetsOf("g")).Key.Partition);
        await PassAsync(60);
        Assert.Single(_d.Store.OffsetsOf("g"));
    }

    [Fact]
    public async Task The_sweep_runs_by_itself()
    {
        await using var d = new CoordinatorDriver(new GroupOptions { OffsetsRetentionMinutes = 1, OffsetsRetentionCheckIntervalMs = 60_000 });
        await d.Commit([("t", 0, 1)]);
        for (int i = 0; i < 500 && d.Store.OffsetsOf("g").Count > 0; i++)
        {
            d.Clock.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        Assert.Empty(d.Store.OffsetsOf("g"));
    }

    [Fact]
    public async Task A_sweep_leaves_groups_with_a_commit_under_way_alone_and_commits_wait_for_a_sweep()
    {
        await _d.Commit([("t", 0, 1)]);
        _d.Clock.Advance(TimeSpan.FromMinutes(61));
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _d.Store.Gate = gate.Task;
        Task<ErrorCode[]> commit = _d.Commit([("t", 0, 2)]);
        await _d.Groups.SweepAsync();
        gate.SetResult();
        Assert.Equal([ErrorCode.None], await commit);
        Assert.Single(_d.Store.OffsetsOf("g"));

        _d.Clock.Advance(TimeSpan.FromMinutes(61));
        var second = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _d.Store.Gate = second.Task;
        Task sweep = _d.Groups.SweepAsync();
        Task<ErrorCode[]> late = _d.Commit([("t", 0, 3)]);
        second.SetResult();
        await sweep;
        Assert.Equal([ErrorCode.CoordinatorNotAvailable], await late);
        Assert.Equal([ErrorCode.None], await _d.Commit([("t", 0, 3)]));
        Assert.Single(_d.Store.OffsetsOf("g"));
    }

    [Fact]
    public async Task Only_empty_groups_are_deleted()
    {
        Assert.Equal(ErrorCode.GroupIdNotFound, await _d.Delete("g"));
        JoinGroupResponse member = await _d.StableAsync();
        await _d.Commit([("t", 0, 1)], member: member);
        Assert.Equal(ErrorCode.NonEmptyGroup, await _d.Delete("g"));
        _d.Clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(ErrorCode.None, await _d.Delete("g"));
        Assert.Empty(_d.Store.OffsetsOf("g"));
        Assert.False(_d.Store.TryGetGroup("g", out _));
        Assert.Equal(ErrorCode.GroupIdNotFound, await _d.Delete("g"));
        Assert.Equal(1, (await Soon(_d.Join())).GenerationId);
    }

    [Fact]
    public async Task A_deletion_that_fails_leaves_the_group()
    {
        await _d.Commit([("t", 0, 1)]);
        _d.Store.Failure = new IOException("no space");
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, await _d.Delete("g"));
        _d.Store.Failure = null;
        Assert.Equal("Empty", _d.State());
        Assert.Equal(ErrorCode.None, await _d.Delete("g"));
    }

    private async Task PassAsync(int minutes)
    {
        _d.Clock.Advance(TimeSpan.FromMinutes(minutes));
        await _d.Groups.SweepAsync();
    }
}
