using LogQueue.Protocol.Messages;
using LogQueue.Server.Config;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>Lists what has settings: topics and this broker. Thread-safe.</summary>
internal sealed class ListConfigResourcesHandler : RequestHandler<ListConfigResourcesRequest, ListConfigResourcesResponse>
{
    private readonly Broker _broker;

    /// <summary>Answers for <paramref name="broker"/>.</summary>
    public ListConfigResourcesHandler(Broker broker) => _broker = broker;

    /// <inheritdoc/>
    protected override ValueTask<ListConfigResourcesResponse?> HandleAsync(ListConfigResourcesRequest request, RequestContext context)
    {
        // Version 0 listed client metrics only, of which there are none.
        bool Wants(ConfigResourceType type) =>
            context.ApiVersion > 0 && (request.ResourceTypes.Length == 0 || request.ResourceTypes.Contains((sbyte)type));

        var resources = new List<ListConfigResourcesResponse.ConfigResource>();
        if (Wants(ConfigResourceType.Topic))
        {
            resources.AddRange(_broker.ClientTopics.Select(static topic => Resource(topic.Name, ConfigResourceType.Topic)));
        }

        if (Wants(ConfigResourceType.Broker))
        {
            resources.Add(Resource(_broker.NodeName, ConfigResourceType.Broker));
        }

        return new ValueTask<ListConfigResourcesResponse?>(new ListConfigResourcesResponse { ConfigResources = [.. resources] });
    }

    private static ListConfigResourcesResponse.ConfigResource Resource(string name, ConfigResourceType type) =>
        new() { ResourceName = name, ResourceType = (sbyte)type };
}
