using System.Text;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.TestKit;

namespace LogQueue.Server.Tests.Server.Handlers;

/// <summary>The group APIs over a real socket, in every version.</summary>
public sealed class GroupHandlersTests : IAsyncLifetime
{
    private static readonly byte[] Metadata = [0, 0, 0, 0, 0, 1, 0, 1, (byte)'t', 0xFF, 0xFF, 0xFF, 0xFF];

    private TestBroker _broker = null!;
    private WireConnection _wire = null!;

    public async ValueTask InitializeAsync()
    {
        _broker = await TestBroker.StartAsync();
        await _broker.Engine.CreateTopicAsync("t", 3, null, TestContext.Current.CancellationToken);
        _wire = await _broker.ConnectAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _wire.DisposeAsync();
        await _broker.DisposeAsync();
    }

    [Fact]
    public async Task A_group_lives_and_ends_in_every_version()
    {
        for (short v = 0; v <= 10; v++)
        {
            string group = $"g{v}";
            JoinGroupResponse joined = await JoinAsync(_wire, group, Math.Min(v, (short)9));
            Assert.Equal((ErrorCode.None, 1, "range", joined.MemberId), (joined.ErrorCode, joined.GenerationId, joined.ProtocolName, joined.Leader));
            Assert.Equal(Metadata, Assert.Single(joined.Members).Metadata.ToArray());
            SyncGroupResponse synced = await SyncAsync(_wire, group, joined, Math.Min(v, (short)5), joined.MemberId);
            Assert.Equal((ErrorCode.None, joined.MemberId), (synced.ErrorCode, Encoding.UTF8.GetString(synced.Assignment.Span)));
            Assert.Equal(ErrorCode.None, await HeartbeatAsync(_wire, group, joined, Math.Min(v, (short)4)));
            Assert.Equal(ErrorCode.None, await CommitAsync(group, joined, Math.Max(v, (short)2), offset: 40 + v));
            Assert.Equal(40 + v, await FetchAsync(group, Math.Max(v, (short)1)));

            DescribeGroupsResponse.DescribedGroup described = await DescribeAsync(group, Math.Min(v, (short)6));
            Assert.Equal(("Stable", "consumer", "range"), (described.GroupState, described.ProtocolType, described.ProtocolData));
            Assert.Equal(("wire-test", "/127.0.0.1"), (described.Members[0].ClientId, described.Members[0].ClientHost));
            ListGroupsResponse.ListedGroup[] listed = (await _wire.CallAsync<ListGroupsRequest, ListGroupsResponse>(new(), Math.Min(v, (short)5))).Groups;
            Assert.Contains(listed, g => g.GroupId == group && g.ProtocolType == "consumer" && g.GroupState == (v >= 4 ? "Stable" : ""));

            Assert.Equal(ErrorCode.NonEmptyGroup, await DeleteAsync(group, Math.Min(v, (short)2)));
            Assert.Equal(ErrorCode.None, await LeaveAsync(group, joined, Math.Min(v, (short)5)));
            Assert.Equal(ErrorCode.None, await DeleteAsync(group, Math.Min(v, (short)3)));
            Assert.Equal("Dead", (await DescribeAsync(group, Math.Min(v, (short)6))).GroupState);
            Assert.Equal(-1, await FetchAsync(group, Math.Max(v, (short)1)));
        }
    }

    [Fact]
    public async Task Three_members_share_and_two_go_on_when_one_leaves()
    {
        await using WireConnection second = await _broker.ConnectAsync();
        await using WireConnection third = await _broker.ConnectAsync();
        JoinGroupResponse a = await JoinAsync(_wire, "g", 5);
        Task<JoinGroupResponse> bJoins = JoinAsync(second, "g", 5);
        Task<JoinGroupResponse> cJoins = JoinAsync(third, "g", 5);
        await WhenMembersAsync("g", 3);
        a = await JoinAsync(_wire, "g", 5, a.MemberId);
        JoinGroupResponse b = await bJoins;
        JoinGroupResponse c = await cJoins;
        Assert.Equal((3, a.GenerationId, a.GenerationId), (a.Members.Length, b.GenerationId, c.GenerationId));

        Task<SyncGroupResponse> bSyncs = SyncAsync(second, "g", b, 3);
        Task<SyncGroupResponse> cSyncs = SyncAsync(third, "g", c, 3);
        await SyncAsync(_wire, "g", a, 3, [.. a.Members.Select(m => m.MemberId)]);
        Assert.Equal(b.MemberId, Encoding.UTF8.GetString((await bSyncs).Assignment.Span));
        Assert.Equal(c.MemberId, Encoding.UTF8.GetString((await cSyncs).Assignment.Span));

        Assert.Equal(ErrorCode.None, await LeaveAsync("g", a, 3));
        Assert.Equal(ErrorCode.RebalanceInProgress, await HeartbeatAsync(second, "g", b, 3));
        Task<JoinGroupResponse> bAgain = JoinAsync(second, "g", 5, b.MemberId);
        JoinGroupResponse cNow = await JoinAsync(third, "g", 5, c.MemberId);
        JoinGroupResponse bNow = await bAgain;
        Assert.Equal((a.GenerationId + 1, a.GenerationId + 1), (bNow.GenerationId, cNow.GenerationId));
        Assert.Equal(2, bNow.Members.Length + cNow.Members.Length);
    }

    [Fact]
    public async Task A_closed_connection_takes_its_nameless_newcomer_along()
    {
        JoinGroupResponse a = await JoinAsync(_wire, "g", 3);
        WireConnection second = await _broker.ConnectAsync();
        await second.SendAsync(JoinRequest("g", ""), 3);
        await WhenMembersAsync("g", 2);
        await second.DisposeAsync();
        await WhenMembersAsync("g", 1);
        Assert.Equal(2, (await JoinAsync(_wire, "g", 3, a.MemberId)).GenerationId);
    }

    [Fact]
    public async Task After_a_restart_members_go_on_where_they_were()
    {
        JoinGroupResponse joined = await JoinAsync(_wire, "g", 5);
        await SyncAsync(_wire, "g", joined, 3, joined.MemberId);
        await CommitAsync("g", joined, 7, 12);
        await _broker.RestartAsync();
        await _wire.DisposeAsync();
        _wire = await _broker.ConnectAsync();
        Assert.Equal(ErrorCode.None, await HeartbeatAsync(_wire, "g", joined, 3));
        Assert.Equal(joined.MemberId, Encoding.UTF8.GetString((await SyncAsync(_wire, "g", joined, 3)).Assignment.Span));
        Assert.Equal(ErrorCode.None, await CommitAsync("g", joined, 7, 13));
        Assert.Equal(13, await FetchAsync("g", 8));
        Assert.Equal(2, (await JoinAsync(_wire, "g", 5, joined.MemberId)).GenerationId);
    }

    [Fact]
    public async Task Deleting_a_topic_deletes_its_committed_offsets()
    {
        await CommitAsync("g", new JoinGroupResponse(), 7, 12);
        Assert.Equal(12, await FetchAsync("g", 7));
        await _broker.Engine.DeleteTopicAsync("t", TestContext.Current.CancellationToken);
        Assert.Equal(-1, await FetchAsync("g", 7));
        await _broker.Engine.CreateTopicAsync("t", 3, null, TestContext.Current.CancellationToken);
        Assert.Equal(-1, await FetchAsync("g", 7));
    }

    [Fact]
    public async Task Single_offsets_can_be_deleted()
    {
        await CommitAsync("g", new JoinGroupResponse(), 7, 12);
        OffsetDeleteResponse response = await _wire.CallAsync<OffsetDeleteRequest, OffsetDeleteResponse>(
            new OffsetDeleteRequest
            {
                GroupId = "g",
                Topics =
                [
                    new OffsetDeleteRequest.OffsetDeleteRequestTopic
                    {
                        Name = "t",
                        Partitions = [new OffsetDeleteRequest.OffsetDeleteRequestPartition { PartitionIndex = 0 }],
                    },
                ],
            },
            0);
        Assert.Equal(ErrorCode.None, response.Topics[0].Partitions[0].ErrorCode);
        Assert.Equal(-1, await FetchAsync("g", 7));
    }

    private static JoinGroupRequest JoinRequest(string group, string member) => new()
    {
        GroupId = group,
        MemberId = member,
        SessionTimeoutMs = 10_000,
        RebalanceTimeoutMs = 10_000,
        ProtocolType = "consumer",
        Protocols = [new JoinGroupRequest.JoinGroupRequestProtocol { Name = "range", Metadata = Metadata }],
    };

    private static async Task<JoinGroupResponse> JoinAsync(WireConnection wire, string group, short version, string member = "")
    {
        JoinGroupResponse joined = await wire.CallAsync<JoinGroupRequest, JoinGroupResponse>(JoinRequest(group, member), version);
        return joined.ErrorCode == ErrorCode.MemberIdRequired
            ? await wire.CallAsync<JoinGroupRequest, JoinGroupResponse>(JoinRequest(group, joined.MemberId), version)
            : joined;
    }

    private static Task<SyncGroupResponse> SyncAsync(
        WireConnection wire, string group, JoinGroupResponse joined, short version, params string[] members) =>
        wire.CallAsync<SyncGroupRequest, SyncGroupResponse>(
            new SyncGroupRequest
            {
                GroupId = group,
                MemberId = joined.MemberId,
                GenerationId = joined.GenerationId,
                ProtocolType = "consumer",
                ProtocolName = "range",
                Assignments =
                [
                    .. members.Select(m => new SyncGroupRequest.SyncGroupRequestAssignment
                    {
                        MemberId = m,
                        Assignment = Encoding.UTF8.GetBytes(m),
                    }),
                ],
            },
            version);

    private static async Task<ErrorCode> HeartbeatAsync(WireConnection wire, string group, JoinGroupResponse joined, short version) =>
        (await wire.CallAsync<HeartbeatRequest, HeartbeatResponse>(
            new HeartbeatRequest { GroupId = group, MemberId = joined.MemberId, GenerationId = joined.GenerationId }, version)).ErrorCode;

    private async Task<ErrorCode> LeaveAsync(string group, JoinGroupResponse joined, short version)
    {
        var request = new LeaveGroupRequest { GroupId = group };
        if (version < 3)
        {
            request.MemberId = joined.MemberId;
        }
        else
        {
            request.Members = [new LeaveGroupRequest.MemberIdentity { MemberId = joined.MemberId }];
        }

        LeaveGroupResponse response = await _wire.CallAsync<LeaveGroupRequest, LeaveGroupResponse>(request, version);
        return version < 3 ? response.ErrorCode : Assert.Single(response.Members).ErrorCode;
    }

    private async Task<ErrorCode> CommitAsync(string group, JoinGroupResponse member, short version, long offset)
    {
        var topic = new OffsetCommitRequest.OffsetCommitRequestTopic
        {
            Partitions = [new OffsetCommitRequest.OffsetCommitRequestPartition { PartitionIndex = 0, CommittedOffset = offset, CommittedMetadata = "note" }],
        };
        if (version < 10)
        {
            topic.Name = "t";
        }
        else
        {
            topic.TopicId = TopicId();
        }

        OffsetCommitResponse response = await _wire.CallAsync<OffsetCommitRequest, OffsetCommitResponse>(
            new OffsetCommitRequest
            {
                GroupId = group, MemberId = member.MemberId, GenerationIdOrMemberEpoch = member.GenerationId, Topics = [topic],
            },
            version);
        return response.Topics[0].Partitions[0].ErrorCode;
    }

    private async Task<long> FetchAsync(string group, short version)
    {
        var request = new OffsetFetchRequest();
        if (version < 8)
        {
            request.GroupId = group;
            request.Topics = [new OffsetFetchRequest.OffsetFetchRequestTopic { Name = "t", PartitionIndexes = [0] }];
        }
        else
        {
            var topic = new OffsetFetchRequest.OffsetFetchRequestTopics { PartitionIndexes = [0] };
            if (version < 10)
            {
                topic.Name = "t";
            }
            else
            {
                topic.TopicId = TopicId();
            }

            request.Groups = [new OffsetFetchRequest.OffsetFetchRequestGroup { GroupId = group, Topics = [topic] }];
        }

        OffsetFetchResponse response = await _wire.CallAsync<OffsetFetchRequest, OffsetFetchResponse>(request, version);
        return version < 8 ? response.Topics[0].Partitions[0].CommittedOffset : response.Groups[0].Topics[0].Partitions[0].CommittedOffset;
    }

    private async Task<DescribeGroupsResponse.DescribedGroup> DescribeAsync(string group, short version) =>
        (await _wire.CallAsync<DescribeGroupsRequest, DescribeGroupsResponse>(new DescribeGroupsRequest { Groups = [group] }, version)).Groups[0];

    private async Task<ErrorCode> DeleteAsync(string group, short version) =>
        (await _wire.CallAsync<DeleteGroupsRequest, DeleteGroupsResponse>(new DeleteGroupsRequest { GroupsNames = [group] }, version))
            .Results[0].ErrorCode;

    private async Task WhenMembersAsync(string group, int members)
    {
        await using WireConnection watcher = await _broker.ConnectAsync();
        for (int i = 0; i < 500; i++)
        {
            DescribeGroupsResponse described = await watcher.CallAsync<DescribeGroupsRequest, DescribeGroupsResponse>(
                new DescribeGroupsRequest { Groups = [group] }, 5);
            if (described.Groups[0].Members.Length == members)
            {
                return;
            }

            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        throw new TimeoutException($"The group never had {members} members.");
    }

    private Guid TopicId() => _broker.Engine.Topics.Single(static t => t.Name == "t").Id;
}
