using LogQueue.Protocol.Messages;
using LogQueue.Server.Groups;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>OffsetFetch: how far groups have come.</summary>
internal sealed class OffsetFetchHandler : RequestHandler<OffsetFetchRequest, OffsetFetchResponse>
{
    private readonly GroupCoordinator _groups;

    /// <summary>Over the broker's groups.</summary>
    public OffsetFetchHandler(GroupCoordinator groups) => _groups = groups;

    /// <inheritdoc/>
    protected override ValueTask<OffsetFetchResponse?> HandleAsync(OffsetFetchRequest request, RequestContext context) =>
        new(_groups.FetchOffsets(request, context));
}
