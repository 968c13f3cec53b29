using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>Describes the cluster: one node. Thread-safe.</summary>
internal sealed class DescribeClusterHandler : RequestHandler<DescribeClusterRequest, DescribeClusterResponse>
{
    private const sbyte Brokers = 1;

    private readonly Broker _broker;

    /// <summary>Answers for <paramref name="broker"/>.</summary>
    public DescribeClusterHandler(Broker broker) => _broker = broker;

    /// <inheritdoc/>
    protected override ValueTask<DescribeClusterResponse?> HandleAsync(DescribeClusterRequest request, RequestContext context)
    {
        var response = new DescribeClusterResponse { ClusterId = _broker.Engine.ClusterId, ControllerId = _broker.Engine.NodeId };
        if (request.EndpointType != Brokers)
        {
            response.ErrorCode = ErrorCode.MismatchedEndpointType;
            response.ErrorMessage = "This is a broker, not a controller.";
            return new ValueTask<DescribeClusterResponse?>(response);
        }

        response.Brokers =
        [
            new DescribeClusterResponse.DescribeClusterBroker
            {
                BrokerId = _broker.Engine.NodeId,
                Host = _broker.HostFor(context.Connection),
                Port = _broker.AdvertisedPort,
                Rack = _broker.Options.Rack,
            },
        ];
        if (request.IncludeClusterAuthorizedOperations)
        {
            response.ClusterAuthorizedOperations = AuthorizedOperations.Cluster;
        }

        return new ValueTask<DescribeClusterResponse?>(response);
    }
}
