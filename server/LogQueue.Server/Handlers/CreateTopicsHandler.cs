using LogQueue.Engine.Topics;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Config;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>Creates topics, in the order of the request. Thread-safe.</summary>
internal sealed class CreateTopicsHandler : RequestHandler<CreateTopicsRequest, CreateTopicsResponse>
{
    private const int BrokerDefault = -1;

    private readonly Broker _broker;

    /// <summary>Creates topics of <paramref name="broker"/>.</summary>
    public CreateTopicsHandler(Broker broker) => _broker = broker;

    /// <inheritdoc/>
    protected override async ValueTask<CreateTopicsResponse?> HandleAsync(CreateTopicsRequest request, RequestContext context)
    {
        HashSet<string> duplicates =
            [.. request.Topics.GroupBy(static t => t.Name).Where(static g => g.Count() > 1).Select(static g => g.Key)];
        var results = new CreateTopicsResponse.CreatableTopicResult[request.Topics.Length];
        for (int i = 0; i < results.Length; i++)
        {
            CreateTopicsRequest.CreatableTopic asked = request.Topics[i];
            results[i] = duplicates.Contains(asked.Name)
                ? Refused(asked.Name, ErrorCode.InvalidRequest, "The request names this topic more than once.")
                : await CreateAsync(asked, request.ValidateOnly);
        }

        return new CreateTopicsResponse { Topics = results };
    }

    private async ValueTask<CreateTopicsResponse.CreatableTopicResult> CreateAsync(
        CreateTopicsRequest.CreatableTopic asked, bool validateOnly)
    {
        if (CheckCounts(asked, out int partitions) is ({ } code, { } why))
        {
            return Refused(asked.Name, code, why);
        }

        var configs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (CreateTopicsRequest.CreatableTopicConfig config in asked.Configs)
        {
            if (config.Value is null)
            {
                return Refused(asked.Name, ErrorCode.InvalidConfig, $"Topic setting '{config.Name}' has no value.");
            }

            configs[config.Name] = config.Value;
        }

        try
        {
            if (validateOnly)
            {
                _broker.Engine.ValidateNewTopic(asked.Name, partitions, configs);
                return Validated(asked.Name, partitions, configs);
            }

            Topic topic = await _broker.Engine.CreateTopicAsync(asked.Name, partitions, configs, CancellationToken.None);
            ServerLog.TopicCreated(_broker.Logger, topic.Name, topic.Partitions.Count, "a client created it");
            return Created(topic);
        }
        catch (Exception e) when (ErrorMapping.TryOf(e, out ErrorCode error))
        {
            return Refused(asked.Name, error, e.Message);
        }
    }

    private (ErrorCode? Code, string? Why) CheckCounts(CreateTopicsRequest.CreatableTopic asked, out int partitions)
    {
        partitions = asked.NumPartitions;
        if (asked.Assignments.Length > 0)
        {
            if (asked.NumPartitions != BrokerDefault || asked.ReplicationFactor != BrokerDefault)
            {
                return (ErrorCode.InvalidRequest, "Give either counts or assignments, not both.");
            }

            partitions = asked.Assignments.Length;
            int[] indexes = [.. asked.Assignments.Select(static a => a.PartitionIndex).Order()];
            if (!indexes.SequenceEqual(Enumerable.Range(0, indexes.Length)))
            {
                return (ErrorCode.InvalidReplicaAssignment, $"Partitions must be assigned from 0 to {indexes.Length - 1} without gaps.");
            }

            int node = _broker.Engine.NodeId;
            return asked.Assignments.Any(a => a.BrokerIds is not [var only] || only != node)
                ? (ErrorCode.InvalidReplicaAssignment, $"Every partition must be assigned to node {node} alone: it is the only one.")
                : default;
        }

        if (asked.NumPartitions is 0 or < BrokerDefault)
        {
            return (ErrorCode.InvalidPartitions, $"{asked.NumPartitions} partitions: give a positive number, or -1 for the default.");
        }

        return asked.ReplicationFactor switch
        {
            BrokerDefault or 1 => default,
            > 1 when _broker.Options.ClampReplicationFactor => default,
            > 1 => (ErrorCode.InvalidReplicationFactor,
                $"Replication factor {asked.ReplicationFactor} is more than one node has (logqueue.replication.factor.policy=clamp)."),
            _ => (ErrorCode.InvalidReplicationFactor, $"Replication factor {asked.ReplicationFactor}: give 1, or -1 for the default."),
        };
    }

    private CreateTopicsResponse.CreatableTopicResult Validated(string name, int partitions, Dictionary<string, string> configs) => new()
    {
        Name = name,
        NumPartitions = partitions == BrokerDefault ? _broker.Engine.Options.DefaultPartitionCount : partitions,
        ReplicationFactor = 1,
        Configs =
        [
            .. TopicConfigKeys.All.Select(key => Config(
                key.Name,
                configs.GetValueOrDefault(key.Name) ?? _broker.Engine.Options.TopicDefaults.GetValueOrDefault(key.Name) ?? key.Default,
                configs.ContainsKey(key.Name) ? ConfigSource.DynamicTopic
                : _broker.Engine.Options.TopicDefaults.ContainsKey(key.Name) ? ConfigSource.StaticBroker
                : ConfigSource.Default)),
        ],
    };

    private static CreateTopicsResponse.CreatableTopicResult Created(Topic topic) => new()
    {
        Name = topic.Name,
        TopicId = topic.Id,
        NumPartitions = topic.Partitions.Count,
        ReplicationFactor = 1,
        Configs = [.. TopicConfigKeys.All.Select(key =>
            Config(key.Name, topic.Config[key.Name], ConfigDescriptions.SourceOf(topic.Config, key.Name)))],
    };

    private static CreateTopicsResponse.CreatableTopicConfigs Config(string name, string value, ConfigSource source) => new()
    {
        Name = name,
        Value = value,
        ConfigSource = (sbyte)source,
    };

    private static CreateTopicsResponse.CreatableTopicResult Refused(string name, ErrorCode code, string message) => new()
    {
        Name = name,
        ErrorCode = code,
        ErrorMessage = message,
        Configs = [],
    };
}
