using LogQueue.Protocol.Messages;
using LogQueue.Server.Groups;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>Heartbeat: a member lives, and learns whether it must rejoin.</summary>
internal sealed class HeartbeatHandler : RequestHandler<HeartbeatRequest, HeartbeatResponse>
{
    private readonly GroupCoordinator _groups;

    /// <summary>Over the broker's groups.</summary>
    public HeartbeatHandler(GroupCoordinator groups) => _groups = groups;

    /// <inheritdoc/>
    protected override ValueTask<HeartbeatResponse?> HandleAsync(HeartbeatRequest request, RequestContext context) =>
        new(_groups.Heartbeat(request));
}
