using LogQueue.Protocol.Messages;
using LogQueue.Server.Groups;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>LeaveGroup: members leave for good.</summary>
internal sealed class LeaveGroupHandler : RequestHandler<LeaveGroupRequest, LeaveGroupResponse>
{
    private readonly GroupCoordinator _groups;

    /// <summary>Over the broker's groups.</summary>
    public LeaveGroupHandler(GroupCoordinator groups) => _groups = groups;

    /// <inheritdoc/>
    protected override ValueTask<LeaveGroupResponse?> HandleAsync(LeaveGroupRequest request, RequestContext context) =>
        new(_groups.Leave(request, context));
}
