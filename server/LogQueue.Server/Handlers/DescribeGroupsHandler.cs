using LogQueue.Protocol.Messages;
using LogQueue.Server.Groups;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>DescribeGroups: groups with their members.</summary>
internal sealed class DescribeGroupsHandler : RequestHandler<DescribeGroupsRequest, DescribeGroupsResponse>
{
    private readonly GroupCoordinator _groups;

    /// <summary>Over the broker's groups.</summary>
    public DescribeGroupsHandler(GroupCoordinator groups) => _groups = groups;

    /// <inheritdoc/>
    protected override ValueTask<DescribeGroupsResponse?> HandleAsync(DescribeGroupsRequest request, RequestContext context) =>
        new(_groups.Describe(request, context));
}
