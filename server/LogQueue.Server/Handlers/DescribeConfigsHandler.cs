using LogQueue.Engine.Topics;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Config;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>Describes the settings of topics and of this broker, with where they come from and what they do. Thread-safe.</summary>
internal sealed class DescribeConfigsHandler : RequestHandler<DescribeConfigsRequest, DescribeConfigsResponse>
{
    private readonly Broker _broker;

    /// <summary>Answers for <paramref name="broker"/>.</summary>
    public DescribeConfigsHandler(Broker broker) => _broker = broker;

    /// <inheritdoc/>
    protected override ValueTask<DescribeConfigsResponse?> HandleAsync(DescribeConfigsRequest request, RequestContext context) =>
        new(new DescribeConfigsResponse { Results = [.. request.Resources.Select(resource => Describe(resource, request))] });

    private DescribeConfigsResponse.DescribeConfigsResult Describe(
        DescribeConfigsRequest.DescribeConfigsResource resource, DescribeConfigsRequest request)
    {
        var result = new DescribeConfigsResponse.DescribeConfigsResult
        {
            ResourceType = resource.ResourceType,
            ResourceName = resource.ResourceName,
            ErrorMessage = null,
        };
        switch ((ConfigResourceType)resource.ResourceType)
        {
            case ConfigResourceType.Topic:
                DescribeTopic(result, resource, request);
                break;
            case ConfigResourceType.Broker:
                DescribeBroker(result, resource, request);
                break;
            default:
                result.ErrorCode = ErrorCode.InvalidRequest;
                result.ErrorMessage = $"Resources of type {resource.ResourceType} have no settings here; topics (2) and brokers (4) have.";
                break;
        }

        return result;
    }

    private void DescribeTopic(
        DescribeConfigsResponse.DescribeConfigsResult result,
        DescribeConfigsRequest.DescribeConfigsResource resource,
        DescribeConfigsRequest request)
    {
        if (!_broker.TryGetClientTopic(resource.ResourceName, out Topic? topic))
        {
            bool isName = TopicName.Problem(resource.ResourceName) is null;
            result.ErrorCode = isName ? ErrorCode.UnknownTopicOrPartition : ErrorCode.InvalidTopicException;
            return;
        }

        result.Configs =
        [
            .. TopicConfigKeys.All.Where(key => IsAsked(resource, key.Name))
                .Select(key => ConfigDescriptions.OfTopic(topic, key, request.IncludeSynonyms, request.IncludeDocumentation)),
        ];
    }

    private void DescribeBroker(
        DescribeConfigsResponse.DescribeConfigsResult result,
        DescribeConfigsRequest.DescribeConfigsResource resource,
        DescribeConfigsRequest request)
    {
        // The empty name means defaults of all brokers set at run time: there are none.
        if (resource.ResourceName.Length == 0)
        {
            return;
        }

        if (resource.ResourceName != _broker.NodeName)
        {
            result.ErrorCode = ErrorCode.InvalidRequest;
            result.ErrorMessage = $"This is broker {_broker.NodeName}; ask broker {LogText.Clean(resource.ResourceName)} itself.";
            return;
        }

        result.Configs =
        [
            .. BrokerConfigKeys.All.Where(key => IsAsked(resource, key.Name)).Select(key =>
                ConfigDescriptions.OfBroker(key, _broker.BrokerConfigs, request.IncludeSynonyms, request.IncludeDocumentation)),
        ];
    }

    private static bool IsAsked(DescribeConfigsRequest.DescribeConfigsResource resource, string name) =>
        resource.ConfigurationKeys is null || resource.ConfigurationKeys.Contains(name, StringComparer.Ordinal);
}
