using System.Collections.Concurrent;
using LogQueue.Client.Cluster;
using LogQueue.Client.Connections;
using LogQueue.Client.Errors;
using LogQueue.Client.Groups;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Records;
using LogQueue.Wire;

namespace LogQueue.Client.Admin;

/// <summary>Looks at, changes and deletes groups. Thread-safe.</summary>
internal sealed class GroupAdmin(ClusterView cluster)
{
    private readonly ConcurrentDictionary<string, CoordinatorLocator> _coordinators = new(StringComparer.Ordinal);

    private TimeSpan Patience => cluster.Options.OperationTimeout;

    /// <summary>Every broker lists its own groups.</summary>
    public async Task<IReadOnlyList<GroupSummary>> ListAsync(CancellationToken cancellationToken)
    {
        ClusterSnapshot snapshot = await Retry.RunAsync(
            cluster.Options, Patience, ct => cluster.RefreshAsync(cluster.Snapshot.Version, ct), cancellationToken).ConfigureAwait(false);
        var groups = new SortedDictionary<string, GroupSummary>(StringComparer.Ordinal);
        foreach (BrokerAddress address in snapshot.Brokers.Values)
        {
            GroupSummary[] found = await Retry.RunAsync(
                cluster.Options,
                Patience,
                async ct =>
                {
                    BrokerConnection connection = await cluster.Connections.GetAsync(address, ConnectionUse.General, ct)
                        .ConfigureAwait(false);
                    using Answer<ListGroupsResponse> answer =
                        await connection.RequestAsync<ListGroupsRequest, ListGroupsResponse>(new ListGroupsRequest(), cancellationToken: ct)
                            .ConfigureAwait(false);
                    Check(answer.Message.ErrorCode, "Listing groups", connection);
                    return answer.Message.Groups.Select(static g => new GroupSummary(g.GroupId, g.ProtocolType, g.GroupState)).ToArray();
                },
                cancellationToken).ConfigureAwait(false);
            foreach (GroupSummary group in found)
            {
                groups[group.GroupId] = group;
            }
        }

        return [.. groups.Values];
    }

    public async Task<IReadOnlyList<GroupDescription>> DescribeAsync(IReadOnlyList<string> groups, CancellationToken cancellationToken)
    {
        var result = new List<GroupDescription>(groups.Count);
        foreach (string group in groups)
        {
            result.Add(await Coordinator(group)
                .CallAsync((connection, ct) => DescribeOneAsync(connection, group, ct), Patience, cancellationToken).ConfigureAwait(false));
        }

        return result;
    }

    public Task DeleteAsync(string group, CancellationToken cancellationToken) => Coordinator(group).CallAsync(
        async (connection, ct) =>
        {
            using Answer<DeleteGroupsResponse> answer = await connection
                .RequestAsync<DeleteGroupsRequest,
                    DeleteGroupsResponse>(new DeleteGroupsRequest { GroupsNames = [group] }, cancellationToken: ct)
                .ConfigureAwait(false);
            Check(answer.Message.Results.Single().ErrorCode, $"Deleting group '{group}'", connection);
            return true;
        },
        Patience,
        cancellationToken);

    public async Task<IReadOnlyDictionary<TopicPartition, GroupOffset>> OffsetsAsync(string group, CancellationToken cancellationToken) =>
        await new GroupOffsetClient(Coordinator(group)).FetchAsync(null, Patience, cancellationToken).ConfigureAwait(false);

    public Task AlterOffsetsAsync(string group, IReadOnlyDictionary<TopicPartition, long> offsets, CancellationToken cancellationToken) =>
        new GroupOffsetClient(Coordinator(group)).CommitAsync(GroupIdentity.Outsider, offsets, Patience, cancellationToken);

    private static async Task<GroupDescription> DescribeOneAsync(
        BrokerConnection connection, string group, CancellationToken cancellationToken)
    {
        using Answer<DescribeGroupsResponse> answer = await connection
            .RequestAsync<DescribeGroupsRequest,
                DescribeGroupsResponse>(new DescribeGroupsRequest { Groups = [group] }, cancellationToken: cancellationToken)
            .ConfigureAwait(false);
        DescribeGroupsResponse.DescribedGroup found = answer.Message.Groups.Single();
        if (found.ErrorCode == ErrorCode.GroupIdNotFound)
        {
            return new GroupDescription(group, "Dead", "", "", []);
        }

        Check(found.ErrorCode, $"Describing group '{group}'", connection);
        GroupMember[] members = [.. found.Members.Select(static m =>
            new GroupMember(m.MemberId, m.GroupInstanceId, m.ClientId, m.ClientHost, ReadAssignment(m.MemberAssignment)))];
        return new GroupDescription(group, found.GroupState, found.ProtocolType, found.ProtocolData, members);
    }

    private static List<TopicPartition> ReadAssignment(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return ConsumerProtocol.ReadAssignment(bytes);
        }
        catch (WireFormatException)
        {
            // Other kinds of groups keep other bytes there.
            return [];
        }
    }

    private static void Check(ErrorCode code, string what, BrokerConnection connection)
    {
        if (code != ErrorCode.None)
        {
            throw KafkaErrors.Of(code, what, connection.Address.ToString());
        }
    }

    private CoordinatorLocator Coordinator(string group)
    {
        ArgumentException.ThrowIfNullOrEmpty(group);
        return _coordinators.GetOrAdd(group, static (g, c) => new CoordinatorLocator(c, c.Connections, g), cluster);
    }
}
