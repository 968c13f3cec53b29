using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>Tells clients who coordinates a group: this node coordinates all. Thread-safe.</summary>
internal sealed class FindCoordinatorHandler : RequestHandler<FindCoordinatorRequest, FindCoordinatorResponse>
{
    private const short FirstWithManyKeys = 4;
    private const sbyte GroupKey = 0;
    private const sbyte TransactionKey = 1;

    private readonly Broker _broker;

    /// <summary>Answers for <paramref name="broker"/>.</summary>
    public FindCoordinatorHandler(Broker broker) => _broker = broker;

    /// <inheritdoc/>
    protected override ValueTask<FindCoordinatorResponse?> HandleAsync(FindCoordinatorRequest request, RequestContext context)
    {
        (ErrorCode code, string? why) = request.KeyType switch
        {
            GroupKey => (ErrorCode.None, null),
            TransactionKey => (ErrorCode.InvalidRequest, "This broker does not serve transactions."),
            _ => (ErrorCode.InvalidRequest, $"This broker has no coordinator of type {request.KeyType}."),
        };
        bool found = code == ErrorCode.None;
        int node = found ? _broker.Engine.NodeId : -1;
        string host = found ? _broker.HostFor(context.Connection) : "";
        int port = found ? _broker.AdvertisedPort : -1;
        FindCoordinatorResponse response = context.ApiVersion < FirstWithManyKeys
            ? new FindCoordinatorResponse { ErrorCode = code, ErrorMessage = why, NodeId = node, Host = host, Port = port }
            : new FindCoordinatorResponse
            {
                Coordinators =
                [
                    .. request.CoordinatorKeys.Select(key => new FindCoordinatorResponse.Coordinator
                    {
                        Key = key,
                        ErrorCode = code,
                        ErrorMessage = why,
                        NodeId = node,
                        Host = host,
                        Port = port,
                    }),
                ],
            };
        return new ValueTask<FindCoordinatorResponse?>(response);
    }
}
