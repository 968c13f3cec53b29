using LogQueue.Protocol.Messages;
using LogQueue.Server.Groups;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>OffsetDelete: deletes single committed offsets.</summary>
internal sealed class OffsetDeleteHandler : RequestHandler<OffsetDeleteRequest, OffsetDeleteResponse>
{
    private readonly GroupCoordinator _groups;

    /// <summary>Over the broker's groups.</summary>
    public OffsetDeleteHandler(GroupCoordinator groups) => _groups = groups;

    /// <inheritdoc/>
    protected override async ValueTask<OffsetDeleteResponse?> HandleAsync(OffsetDeleteRequest request, RequestContext context) =>
        await _groups.DeleteOffsetsAsync(request);
}
