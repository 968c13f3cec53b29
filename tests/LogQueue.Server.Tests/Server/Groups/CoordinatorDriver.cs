using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Groups;
using LogQueue.Server.Requests;
using Microsoft.Extensions.Time.Testing;

namespace LogQueue.Server.Tests.Server.Groups;

/// <summary>A coordinator over a store in memory and a fake clock, with requests in a line each.</summary>
internal sealed class CoordinatorDriver : IAsyncDisposable
{
    public CoordinatorDriver(GroupOptions? options = null, MemoryGroupStore? store = null)
    {
        Store = store ?? new MemoryGroupStore(Clock);
        if (store is null)
        {
            Store.AddTopic("t", 3);
            Store.AddTopic("u", 1);
        }

        Groups = new GroupCoordinator(Store, options ?? new GroupOptions { InitialRebalanceDelayMs = 0 }, Clock);
        Groups.Start();
    }

    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public MemoryGroupStore Store { get; }

    public GroupCoordinator Groups { get; }

    public static RequestContext Context(short version, CancellationToken aborted = default) =>
        new(new RequestHeader { RequestApiVersion = version, ClientId = "c" }, new ConnectionFacts { Id = 1 }, aborted);

    /// <summary>Bounds every wait of a test.</summary>
    public static Task<T> Soon<T>(Task<T> task) => task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

    public Task<JoinGroupResponse> Join(
        string member = "", string group = "g", short version = 3, string? instance = null, int session = 10_000, byte[]? metadata = null,
        CancellationToken aborted = default) =>
        Groups.JoinAsync(
            new JoinGroupRequest
            {
                GroupId = group,
                MemberId = member,
                GroupInstanceId = instance,
                SessionTimeoutMs = session,
                RebalanceTimeoutMs = 20_000,
                ProtocolType = "consumer",
                Protocols =
                [
                    new JoinGroupRequest.JoinGroupRequestProtocol { Name = "range", Metadata = metadata ?? GroupDriver.Subscription("t") },
                ],
            },
            Context(version, aborted));

    public Task<SyncGroupResponse> Sync(
        JoinGroupResponse joined, string group = "g", short version = 3, CancellationToken aborted = default, params string[] assigned) =>
        Groups.SyncAsync(
            new SyncGroupRequest
            {
                GroupId = group,
                MemberId = joined.MemberId,
                GenerationId = joined.GenerationId,
                ProtocolType = version >= 5 ? "consumer" : null,
                ProtocolName = version >= 5 ? "range" : null,
                Assignments =
                [
                    .. assigned.Select((m, i) => new SyncGroupRequest.SyncGroupRequestAssignment { MemberId = m, Assignment = new[] { (byte)i } }),
                ],
            },
            Context(version, aborted));

    public ErrorCode Heartbeat(JoinGroupResponse joined, string group = "g") => Groups.Heartbeat(
        new HeartbeatRequest { GroupId = group, MemberId = joined.MemberId, GenerationId = joined.GenerationId }).ErrorCode;

    /// <summary>A stable group of one.</summary>
    public async Task<JoinGroupResponse> StableAsync(string group = "g", byte[]? metadata = null)
    {
        JoinGroupResponse joined = await Soon(Join(group: group, metadata: metadata));
        Assert.Equal(ErrorCode.None, joined.ErrorCode);
        Assert.Equal(ErrorCode.None, (await Soon(Sync(joined, group, assigned: [joined.MemberId]))).ErrorCode);
        return joined;
    }

    public async Task<ErrorCode[]> Commit(
        (string Topic, int Partition, long Offset)[] offsets, string group = "g", JoinGroupResponse? member = null, short version = 7,
        string? metadata = "", long retentionMs = -1)
    {
        OffsetCommitResponse response = await Soon(Groups.CommitOffsetsAsync(
            new OffsetCommitRequest
            {
                GroupId = group,
                MemberId = member?.MemberId ?? "",
                GenerationIdOrMemberEpoch = member?.GenerationId ?? -1,
                RetentionTimeMs = retentionMs,
                Topics =
                [
                    .. offsets.GroupBy(o => o.Topic).Select(t => new OffsetCommitRequest.OffsetCommitRequestTopic
                    {
                        Name = version >= 10 ? "" : t.Key,
                        TopicId = version >= 10 && Store.Topics.TryGetValue(t.Key, out (Guid Id, int) topic) ? topic.Id : Guid.Empty,
                        Partitions =
                        [
                            .. t.Select(o => new OffsetCommitRequest.OffsetCommitRequestPartition
                            {
                                PartitionIndex = o.Partition,
                                CommittedOffset = o.Offset,
                                CommittedLeaderEpoch = 5,
                                CommittedMetadata = metadata,
                            }),
                        ],
                    }),
                ],
            },
            Context(version)));
        return [.. response.Topics.SelectMany(t => t.Partitions).Select(p => p.ErrorCode)];
    }

    public async Task<ErrorCode> Delete(string group) =>
        (await Soon(Groups.DeleteAsync(new DeleteGroupsRequest { GroupsNames = [group] }))).Results[0].ErrorCode;

    public string State(string group = "g") =>
        Groups.Describe(new DescribeGroupsRequest { Groups = [group] }, Context(5)).Groups[0].GroupState;

    public ValueTask DisposeAsync() => Groups.DisposeAsync();
}
