using LogQueue.Protocol.Messages;
using LogQueue.Server.Groups;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>JoinGroup: a member joins its group, and waits until the generation forms.</summary>
internal sealed class JoinGroupHandler : RequestHandler<JoinGroupRequest, JoinGroupResponse>
{
    private readonly GroupCoordinator _groups;

    /// <summary>Over the broker's groups.</summary>
    public JoinGroupHandler(GroupCoordinator groups) => _groups = groups;

    /// <summary>
    /// A parked member must not keep the connection from noticing that its client has gone, or from serving its next request.
    /// </summary>
    public override bool RunsAhead => true;

    /// <inheritdoc/>
    protected override async ValueTask<JoinGroupResponse?> HandleAsync(JoinGroupRequest request, RequestContext context) =>
        await _groups.JoinAsync(request, context);
}
