using LogQueue.Engine.Errors;
using LogQueue.Engine.Topics;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>
/// Tells clients which topics there are and who leads them; creates missing topics where that is asked for and allowed. Thread-safe.
/// </summary>
internal sealed class MetadataHandler : RequestHandler<MetadataRequest, MetadataResponse>
{
    private readonly Broker _broker;

    /// <summary>Answers for <paramref name="broker"/>.</summary>
    public MetadataHandler(Broker broker) => _broker = broker;

    /// <inheritdoc/>
    protected override async ValueTask<MetadataResponse?> HandleAsync(MetadataRequest request, RequestContext context)
    {
        bool all = request.Topics is null || (context.ApiVersion == 0 && request.Topics.Length == 0);
        var response = new MetadataResponse
        {
            Brokers =
            [
                new MetadataResponse.MetadataResponseBroker
                {
                    NodeId = _broker.Engine.NodeId,
                    Host = _broker.HostFor(context.Connection),
                    Port = _broker.AdvertisedPort,
                    Rack = _broker.Options.Rack,
                },
            ],
            ClusterId = _broker.Engine.ClusterId,
            ControllerId = _broker.Engine.NodeId,
            Topics = all
                ? [.. _broker.ClientTopics.Select(topic => Describe(topic, request.IncludeTopicAuthorizedOperations))]
                : await DescribeNamedAsync(request, context),
        };
        if (request.IncludeClusterAuthorizedOperations)
        {
            response.ClusterAuthorizedOperations = AuthorizedOperations.Cluster;
        }

        return response;
    }

    private async ValueTask<MetadataResponse.MetadataResponseTopic[]> DescribeNamedAsync(MetadataRequest request, RequestContext context)
    {
        var topics = new MetadataResponse.MetadataResponseTopic[request.Topics!.Length];
        for (int i = 0; i < topics.Length; i++)
        {
            MetadataRequest.MetadataRequestTopic asked = request.Topics[i];
            topics[i] = asked.Name is { } name
                ? await DescribeByNameAsync(name, request, context)
                : _broker.TryGetClientTopic(asked.TopicId, out Topic? topic)
                    ? Describe(topic, request.IncludeTopicAuthorizedOperations)
                    : Missing(null, asked.TopicId, ErrorCode.UnknownTopicId, context);
        }

        return topics;
    }

    private async ValueTask<MetadataResponse.MetadataResponseTopic> DescribeByNameAsync(
        string name, MetadataRequest request, RequestContext context)
    {
        if (_broker.TryGetClientTopic(name, out Topic? topic))
        {
            return Describe(topic, request.IncludeTopicAuthorizedOperations);
        }

        if (TopicName.Problem(name) is not null)
        {
            return Missing(name, Guid.Empty, ErrorCode.InvalidTopicException, context);
        }

        if (!request.AllowAutoTopicCreation || !_broker.Options.AutoCreateTopics || TopicName.IsInternal(name))
        {
            return Missing(name, Guid.Empty, ErrorCode.UnknownTopicOrPartition, context);
        }

        try
        {
            topic = await _broker.Engine.CreateTopicAsync(name, cancellationToken: CancellationToken.None);
            ServerLog.TopicCreated(_broker.Logger, name, topic.Partitions.Count, "a client asked for it (auto.create.topics.enable)");
        }
        catch (TopicExistsException) when (_broker.TryGetClientTopic(name, out topic))
        {
            // Another client was faster: that is the topic.
        }
        catch (Exception e) when (ErrorMapping.TryOf(e, out ErrorCode code))
        {
            return Missing(name, Guid.Empty, code, context);
        }

        return Describe(topic, request.IncludeTopicAuthorizedOperations);
    }

    private MetadataResponse.MetadataResponseTopic Describe(Topic topic, bool withOperations)
    {
        int node = _broker.Engine.NodeId;
        int[] replicas = [node];
        return new MetadataResponse.MetadataResponseTopic
        {
            Name = topic.Name,
            TopicId = topic.Id,
            IsInternal = topic.IsInternal,
            TopicAuthorizedOperations = withOperations ? AuthorizedOperations.Topic : AuthorizedOperations.NotAsked,
            Partitions =
            [
                .. topic.Partitions.Select(partition => new MetadataResponse.MetadataResponsePartition
                {
                    PartitionIndex = partition.Id.Partition,
                    LeaderId = node,
                    LeaderEpoch = partition.LeaderEpoch,
                    ReplicaNodes = replicas,
                    IsrNodes = replicas,
                }),
            ],
        };
    }

    private static MetadataResponse.MetadataResponseTopic Missing(string? name, Guid id, ErrorCode code, RequestContext context) => new()
    {
        // Only the newest versions can carry a topic without a name.
        Name = name ?? (context.ApiVersion >= 12 ? null : ""),
        TopicId = id,
        ErrorCode = code,
    };
}
