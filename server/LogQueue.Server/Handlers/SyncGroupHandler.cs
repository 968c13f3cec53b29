using LogQueue.Protocol.Messages;
using LogQueue.Server.Groups;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>SyncGroup: a member fetches its assignment; the leader brings it.</summary>
internal sealed class SyncGroupHandler : RequestHandler<SyncGroupRequest, SyncGroupResponse>
{
    private readonly GroupCoordinator _groups;

    /// <summary>Over the broker's groups.</summary>
    public SyncGroupHandler(GroupCoordinator groups) => _groups = groups;

    /// <summary>
    /// A parked member must not keep the connection from noticing that its client has gone, or from serving its next request.
    /// </summary>
    public override bool RunsAhead => true;

    /// <inheritdoc/>
    protected override async ValueTask<SyncGroupResponse?> HandleAsync(SyncGroupRequest request, RequestContext context) =>
        await _groups.SyncAsync(request, context);
}
