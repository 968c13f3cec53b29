using LogQueue.Protocol.Messages;
using LogQueue.Server.Groups;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>DeleteGroups: deletes groups without members.</summary>
internal sealed class DeleteGroupsHandler : RequestHandler<DeleteGroupsRequest, DeleteGroupsResponse>
{
    private readonly GroupCoordinator _groups;

    /// <summary>Over the broker's groups.</summary>
    public DeleteGroupsHandler(GroupCoordinator groups) => _groups = groups;

    /// <inheritdoc/>
    protected override async ValueTask<DeleteGroupsResponse?> HandleAsync(DeleteGroupsRequest request, RequestContext context) =>
        await _groups.DeleteAsync(request);
}
