using LogQueue.Engine.Errors;
using LogQueue.Engine.Topics;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Config;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>Changes single settings of topics. Thread-safe.</summary>
internal sealed class IncrementalAlterConfigsHandler : RequestHandler<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>
{
    private const sbyte Set = 0;
    private const sbyte Delete = 1;
    private const sbyte Append = 2;
    private const sbyte Subtract = 3;

    private readonly Broker _broker;

    /// <summary>Changes topics of <paramref name="broker"/>.</summary>
    public IncrementalAlterConfigsHandler(Broker broker) => _broker = broker;

    /// <inheritdoc/>
    protected override async ValueTask<IncrementalAlterConfigsResponse?> HandleAsync(
        IncrementalAlterConfigsRequest request, RequestContext context)
    {
        var responses = new IncrementalAlterConfigsResponse.AlterConfigsResourceResponse[request.Resources.Length];
        for (int i = 0; i < responses.Length; i++)
        {
            IncrementalAlterConfigsRequest.AlterConfigsResource resource = request.Resources[i];
            (ErrorCode code, string? why) = await TopicConfigChange.ApplyAsync(
                _broker, resource.ResourceType, resource.ResourceName, config => Change(config, resource), request.ValidateOnly);
            responses[i] = new IncrementalAlterConfigsResponse.AlterConfigsResourceResponse
            {
                ErrorCode = code,
                ErrorMessage = why,
                ResourceType = resource.ResourceType,
                ResourceName = resource.ResourceName,
            };
        }

        return new IncrementalAlterConfigsResponse { Responses = responses };
    }

    private static SortedDictionary<string, string> Change(TopicConfig config, IncrementalAlterConfigsRequest.AlterConfigsResource resource)
    {
        var set = new SortedDictionary<string, string>(config.Overrides.ToDictionary(), StringComparer.Ordinal);
        foreach (IncrementalAlterConfigsRequest.AlterableConfig change in resource.Configs)
        {
            if (TopicConfigKeys.Check(change.Name, "") is { } problem && !TopicConfigKeys.TryGet(change.Name, out _))
            {
                throw new InvalidTopicConfigException(change.Name, problem, TopicConfigKeys.Nearest(change.Name));
            }

            ChangeOne(config, set, change);
        }

        return set;
    }

    private static void ChangeOne(
        TopicConfig config, SortedDictionary<string, string> set, IncrementalAlterConfigsRequest.AlterableConfig change)
    {
        string[] now = Words(set.GetValueOrDefault(change.Name) ?? config[change.Name]);
        switch (change.ConfigOperation)
        {
            case Set:
                set[change.Name] = Value(change);
                break;
            case Delete:
                set.Remove(change.Name);
                break;
            case Append when IsList(change.Name):
                set[change.Name] = string.Join(',', now.Union(Words(Value(change))));
                break;
            case Subtract when IsList(change.Name):
                set[change.Name] = string.Join(',', now.Except(Words(Value(change))));
                break;
            case Append or Subtract:
                throw new InvalidTopicConfigException(change.Name, $"Topic setting '{change.Name}' is no list: set it, or delete it.");
            default:
                throw new InvalidTopicConfigException(change.Name, $"Operation {change.ConfigOperation} is unknown; 0 to 3 are possible.");
        }
    }

    private static bool IsList(string name) => TopicConfigKeys.TryGet(name, out TopicConfigKey? key) && key.Type == TopicConfigType.List;

    private static string[] Words(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static string Value(IncrementalAlterConfigsRequest.AlterableConfig change) => change.Value
        ?? throw new InvalidTopicConfigException(change.Name, $"Topic setting '{change.Name}' has no value; delete it to reset it.");
}
