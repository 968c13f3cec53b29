using LogQueue.Engine.Errors;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Config;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>Replaces the whole set of a topic's own settings: what is not named falls back to its default. Thread-safe.</summary>
internal sealed class AlterConfigsHandler : RequestHandler<AlterConfigsRequest, AlterConfigsResponse>
{
    private readonly Broker _broker;

    /// <summary>Changes topics of <paramref name="broker"/>.</summary>
    public AlterConfigsHandler(Broker broker) => _broker = broker;

    /// <inheritdoc/>
    protected override async ValueTask<AlterConfigsResponse?> HandleAsync(AlterConfigsRequest request, RequestContext context)
    {
        var responses = new AlterConfigsResponse.AlterConfigsResourceResponse[request.Resources.Length];
        for (int i = 0; i < responses.Length; i++)
        {
            AlterConfigsRequest.AlterConfigsResource resource = request.Resources[i];
            (ErrorCode code, string? why) = await TopicConfigChange.ApplyAsync(
                _broker, resource.ResourceType, resource.ResourceName, _ => NewSet(resource), request.ValidateOnly);
            responses[i] = new AlterConfigsResponse.AlterConfigsResourceResponse
            {
                ErrorCode = code,
                ErrorMessage = why,
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
            };
        }

        return new AlterConfigsResponse { Responses = responses };
    }

    private static Dictionary<string, string> NewSet(AlterConfigsRequest.AlterConfigsResource resource)
    {
        var set = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (AlterConfigsRequest.AlterableConfig config in resource.Configs)
        {
            set[config.Name] = config.Value
                ?? throw new InvalidTopicConfigException(
                    config.Name, $"Topic setting '{config.Name}' has no value; leave it out to reset it.");
        }

        return set;
    }
}
