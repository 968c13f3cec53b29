using LogQueue.Protocol.Messages;
using LogQueue.Server.Groups;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>OffsetCommit: stores how far a group has come; durable before it is answered.</summary>
internal sealed class OffsetCommitHandler : RequestHandler<OffsetCommitRequest, OffsetCommitResponse>
{
    private readonly GroupCoordinator _groups;

    /// <summary>Over the broker's groups.</summary>
    public OffsetCommitHandler(GroupCoordinator groups) => _groups = groups;

    /// <inheritdoc/>
    protected override async ValueTask<OffsetCommitResponse?> HandleAsync(OffsetCommitRequest request, RequestContext context) =>
        await _groups.CommitOffsetsAsync(request, context);
}
