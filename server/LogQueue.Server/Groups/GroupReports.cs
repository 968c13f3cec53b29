using LogQueue.Protocol;
using LogQueue.Protocol.Messages;

namespace LogQueue.Server.Groups;

/// <summary>ListGroups and DescribeGroups. Thread-safe.</summary>
internal sealed class GroupReports
{
    /// <summary>Read (3), delete (6), describe (8), describe and alter configs (10, 11), as bits: what may be done to a group.</summary>
    private const int AllGroupOperations = (1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11);

    private const string ClassicType = "classic";

    private readonly GroupDirectory _directory;

    /// <summary>Over all groups.</summary>
    public GroupReports(GroupDirectory directory) => _directory = directory;

    /// <summary>Lists the groups whose state and type are asked for, in any case of letters; empty filters ask for all.</summary>
    public ListGroupsResponse List(ListGroupsRequest request)
    {
        var listed = new List<ListGroupsResponse.ListedGroup>();
        if (Passes(request.TypesFilter, ClassicType))
        {
            foreach (string id in _directory.Ids)
            {
                if (_directory.TryFind(id, out GroupMailbox? mailbox))
                {
                    (GroupPhase phase, string type) = mailbox.Ask(static (group, _) => (group.Phase, group.ProtocolType ?? ""));
                    string state = phase.ToString();
                    if (phase != GroupPhase.Dead && Passes(request.StatesFilter, state))
                    {
                        listed.Add(new ListGroupsResponse.ListedGroup
                        {
                            GroupId = id,
                            ProtocolType = type,
                            GroupState = state,
                            GroupType = ClassicType,
                        });
                    }
                }
            }
        }

        return new ListGroupsResponse { Groups = [.. listed] };

        static bool Passes(string[] filter, string value) => filter.Length == 0 || filter.Contains(value, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Describes groups in the order they were asked for. An unknown one is "Dead", from v6 on with an error.</summary>
    public DescribeGroupsResponse Describe(DescribeGroupsRequest request, short version)
    {
        int operations = request.IncludeAuthorizedOperations ? AllGroupOperations : int.MinValue;
        return new DescribeGroupsResponse { Groups = [.. request.Groups.Select(id => DescribeOne(id, version, operations))] };
    }

    private DescribeGroupsResponse.DescribedGroup DescribeOne(string id, short version, int operations)
    {
        DescribeGroupsResponse.DescribedGroup? described = _directory.TryFind(id, out GroupMailbox? mailbox)
            ? mailbox.Ask(static (group, _) => group.Phase == GroupPhase.Dead ? null : Describe(group))
            : null;
        described ??= new DescribeGroupsResponse.DescribedGroup
        {
            GroupId = id,
            GroupState = nameof(GroupPhase.Dead),
            ErrorCode = version >= 6 ? ErrorCode.GroupIdNotFound : ErrorCode.None,
            ErrorMessage = version >= 6 ? $"Group {id} not found." : null,
        };
        described.AuthorizedOperations = operations;
        return described;
    }

    private static DescribeGroupsResponse.DescribedGroup Describe(Group group)
    {
        // Only a stable group's metadata and assignments belong together.
        bool stable = group.Phase == GroupPhase.Stable;
        return new DescribeGroupsResponse.DescribedGroup
        {
            GroupId = group.Id,
            GroupState = group.Phase.ToString(),
            ProtocolType = group.ProtocolType ?? "",
            ProtocolData = stable ? group.ProtocolName ?? "" : "",
            Members =
            [
                .. group.Members.Select(m => new DescribeGroupsResponse.DescribedGroupMember
                {
                    MemberId = m.Id,
                    GroupInstanceId = m.InstanceId,
                    ClientId = m.ClientId,
                    ClientHost = m.ClientHost,
                    MemberMetadata = stable ? m.MetadataFor(group.ProtocolName) : [],
                    MemberAssignment = stable ? m.Assignment : [],
                }),
            ],
        };
    }
}
