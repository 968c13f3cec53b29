using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using static LogQueue.Server.Tests.Server.Groups.CoordinatorDriver;

namespace LogQueue.Server.Tests.Server.Groups;

public sealed class GroupReportsTests : IAsyncLifetime
{
    private readonly CoordinatorDriver _d = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _d.DisposeAsync();

    [Fact]
    public async Task Groups_are_listed_and_filtered_in_any_case_of_letters()
    {
        await _d.StableAsync("b");
        await _d.Commit([("t", 0, 1)], group: "a");
        ListGroupsResponse.ListedGroup[] all = List([], []);
        Assert.Equal([("a", "Empty", ""), ("b", "Stable", "consumer")], all.Select(g => (g.GroupId, g.GroupState, g.ProtocolType)));
        Assert.All(all, g => Assert.Equal("classic", g.GroupType));
        Assert.Equal("b", Assert.Single(List(["STABLE"], [])).GroupId);
        Assert.Equal("a", Assert.Single(List(["empty", "dead"], ["Classic"])).GroupId);
        Assert.Empty(List([], ["Consumer"]));
        Assert.Empty(List(["nonsense"], []));
    }

    [Fact]
    public async Task A_stable_group_shows_metadata_and_assignment_and_a_rebalancing_one_does_not()
    {
        JoinGroupResponse joined = await _d.StableAsync();
        DescribeGroupsResponse.DescribedGroup group = Describe("g", 5);
        Assert.Equal(("Stable", "consumer", "range"), (group.GroupState, group.ProtocolType, group.ProtocolData));
        DescribeGroupsResponse.DescribedGroupMember member = Assert.Single(group.Members);
        Assert.Equal((joined.MemberId, "c", "/127.0.0.1"), (member.MemberId, member.ClientId, member.ClientHost));
        Assert.Equal(GroupDriver.Subscription("t"), member.MemberMetadata.ToArray());
        Assert.Equal([0], member.MemberAssignment.ToArray());
        Assert.Equal(int.MinValue, group.AuthorizedOperations);

        _ = _d.Join();
        group = Describe("g", 5);
        Assert.Equal(("PreparingRebalance", ""), (group.GroupState, group.ProtocolData));
        Assert.All(group.Members, m => Assert.Equal((0, 0), (m.MemberMetadata.Length, m.MemberAssignment.Length)));
    }

    [Fact]
    public void An_unknown_group_is_dead_and_from_v6_on_an_error()
    {
        Assert.Equal(("Dead", ErrorCode.None), (Describe("x", 5).GroupState, Describe("x", 5).ErrorCode));
        DescribeGroupsResponse.DescribedGroup group = Describe("x", 6);
        Assert.Equal(("Dead", ErrorCode.GroupIdNotFound, "Group x not found."), (group.GroupState, group.ErrorCode, group.ErrorMessage));
    }

    [Fact]
    public async Task Operations_are_told_when_asked_for()
    {
        await _d.StableAsync();
        DescribeGroupsResponse response = _d.Groups.Describe(
            new DescribeGroupsRequest { Groups = ["g"], IncludeAuthorizedOperations = true }, Context(5));
        Assert.Equal(0b1101_0100_1000, response.Groups[0].AuthorizedOperations);
    }

    private ListGroupsResponse.ListedGroup[] List(string[] states, string[] types) =>
        _d.Groups.List(new ListGroupsRequest { StatesFilter = states, TypesFilter = types }).Groups;

    private DescribeGroupsResponse.DescribedGroup Describe(string group, short version) =>
        _d.Groups.Describe(new DescribeGroupsRequest { Groups = [group] }, Context(version)).Groups[0];
}
