using LogQueue.Protocol.Messages;
using LogQueue.Server.Groups;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>ListGroups: all groups, filtered by state and type.</summary>
internal sealed class ListGroupsHandler : RequestHandler<ListGroupsRequest, ListGroupsResponse>
{
    private readonly GroupCoordinator _groups;

    /// <summary>Over the broker's groups.</summary>
    public ListGroupsHandler(GroupCoordinator groups) => _groups = groups;

    /// <inheritdoc/>
    protected override ValueTask<ListGroupsResponse?> HandleAsync(ListGroupsRequest request, RequestContext context) =>
        new(_groups.List(request));
}
