using LogQueue.Client.Cluster;
using LogQueue.Client.Connections;
using LogQueue.Client.Errors;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;

namespace LogQueue.Client.Admin;

/// <summary>Creates, changes and deletes topics and their configs. Thread-safe.</summary>
internal sealed class TopicAdmin(ClusterView cluster)
{
    private const sbyte TopicResource = 2;

    /// <summary>Where a config comes from when nobody set it.</summary>
    private const sbyte DefaultSource = 5;

    private int TimeoutMs => (int)cluster.Options.RequestTimeout.TotalMilliseconds;

    public Task CreateAsync(string name, int partitions, IReadOnlyDictionary<string, string>? configs, CancellationToken cancellationToken)
    {
        var request = new CreateTopicsRequest
        {
            Topics =
            [
                new CreateTopicsRequest.CreatableTopic
                {
                    Name = name,
                    NumPartitions = partitions,
                    ReplicationFactor = -1,
                    Configs = [.. (configs ?? new Dictionary<string, string>())
                        .Select(static c => new CreateTopicsRequest.CreatableTopicConfig { Name = c.Key, Value = c.Value })],
                },
            ],
            TimeoutMs = TimeoutMs,
        };
        bool isRepeat = false;
        return AskAsync(
            async (connection, ct) =>
            {
                using Answer<CreateTopicsResponse> answer =
                    await connection.RequestAsync<CreateTopicsRequest, CreateTopicsResponse>(request, cancellationToken: ct)
                        .ConfigureAwait(false);
                CreateTopicsResponse.CreatableTopicResult result = answer.Message.Topics.Single();

                // When the answer to the first try was lost, the second finds our own topic.
                if (!(isRepeat && result.ErrorCode == ErrorCode.TopicAlreadyExists))
                {
                    isRepeat = KafkaErrors.IsRetriable(result.ErrorCode);
                    Check(result.ErrorCode, $"Creating topic '{name}'", connection, result.ErrorMessage);
                }

                return true;
            },
            cancellationToken);
    }

    public Task DeleteAsync(string name, CancellationToken cancellationToken) => AskAsync(
        async (connection, ct) =>
        {
            DeleteTopicsRequest request = connection.Versions.Pick<DeleteTopicsRequest>() >= 6
                ? new DeleteTopicsRequest { Topics = [new DeleteTopicsRequest.DeleteTopicState { Name = name }], TimeoutMs = TimeoutMs }
                : new DeleteTopicsRequest { TopicNames = [name], TimeoutMs = TimeoutMs };
            using Answer<DeleteTopicsResponse> answer =
                await connection.RequestAsync<DeleteTopicsRequest, DeleteTopicsResponse>(request, cancellationToken: ct)
                    .ConfigureAwait(false);
            DeleteTopicsResponse.DeletableTopicResult result = answer.Message.Responses.Single();
            CheckFinal(result.ErrorCode, $"Deleting topic '{name}'", connection, result.ErrorMessage);
            return true;
        },
        cancellationToken);

    public Task AddPartitionsAsync(string topic, int newTotal, CancellationToken cancellationToken) => AskAsync(
        async (connection, ct) =>
        {
            var request = new CreatePartitionsRequest
            {
                Topics = [new CreatePartitionsRequest.CreatePartitionsTopic { Name = topic, Count = newTotal, Assignments = null }],
                TimeoutMs = TimeoutMs,
            };
            using Answer<CreatePartitionsResponse> answer =
                await connection.RequestAsync<CreatePartitionsRequest, CreatePartitionsResponse>(request, cancellationToken: ct)
                    .ConfigureAwait(false);
            CreatePartitionsResponse.CreatePartitionsTopicResult result = answer.Message.Results.Single();
            CheckFinal(result.ErrorCode, $"Adding partitions to topic '{topic}'", connection, result.ErrorMessage);
            return true;
        },
        cancellationToken);

    public Task<IReadOnlyList<ConfigEntry>> DescribeConfigsAsync(string topic, CancellationToken cancellationToken) =>
        AskAsync<IReadOnlyList<ConfigEntry>>(
        async (connection, ct) =>
        {
            var request = new DescribeConfigsRequest
            {
                Resources =
                [
                    new DescribeConfigsRequest.DescribeConfigsResource
                    {
                        ResourceType = TopicResource, ResourceName = topic, ConfigurationKeys = null,
                    },
                ],
                IncludeDocumentation = connection.Versions.Pick<DescribeConfigsRequest>() >= 3,
            };
            using Answer<DescribeConfigsResponse> answer =
                await connection.RequestAsync<DescribeConfigsRequest, DescribeConfigsResponse>(request, cancellationToken: ct)
                    .ConfigureAwait(false);
            DescribeConfigsResponse.DescribeConfigsResult result = answer.Message.Results.Single();
            CheckFinal(result.ErrorCode, $"Configs of topic '{topic}'", connection, result.ErrorMessage);
            return [.. result.Configs.Select(static c =>
                new ConfigEntry(c.Name, c.Value, c.ConfigSource == DefaultSource, c.ReadOnly, c.IsSensitive, c.Documentation))
                    .OrderBy(static c => c.Name, StringComparer.Ordinal)];
        },
        cancellationToken);

    public Task AlterConfigsAsync(string topic, IReadOnlyDictionary<string, string?> changes, CancellationToken cancellationToken) =>
        AskAsync(
        async (connection, ct) =>
        {
            var request = new IncrementalAlterConfigsRequest
            {
                Resources =
                [
                    new IncrementalAlterConfigsRequest.AlterConfigsResource
                    {
                        ResourceType = TopicResource,
                        ResourceName = topic,
                        Configs = [.. changes.Select(static c => new IncrementalAlterConfigsRequest.AlterableConfig
                        {
                            Name = c.Key,
                            ConfigOperation = c.Value is null ? (sbyte)1 : (sbyte)0,
                            Value = c.Value,
                        })],
                    },
                ],
            };
            using Answer<IncrementalAlterConfigsResponse> answer = await connection
                .RequestAsync<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse>(request, cancellationToken: ct)
                .ConfigureAwait(false);
            IncrementalAlterConfigsResponse.AlterConfigsResourceResponse result = answer.Message.Responses.Single();
            CheckFinal(result.ErrorCode, $"Changing configs of topic '{topic}'", connection, result.ErrorMessage);
            return true;
        },
        cancellationToken);

    /// <summary>Topics straight from a broker; null: all of them.</summary>
    public Task<IReadOnlyList<TopicSnapshot>> ReadAsync(IReadOnlyList<string>? names, CancellationToken cancellationToken) =>
        AskAsync<IReadOnlyList<TopicSnapshot>>(
        async (connection, ct) =>
        {
            var request = new MetadataRequest
            {
                Topics = names?.Select(static n => new MetadataRequest.MetadataRequestTopic { Name = n }).ToArray(),
                AllowAutoTopicCreation = connection.Versions.Pick<MetadataRequest>() < 4,
            };
            using Answer<MetadataResponse> answer =
                await connection.RequestAsync<MetadataRequest, MetadataResponse>(request, cancellationToken: ct).ConfigureAwait(false);
            return [.. answer.Message.Topics.Where(static t => t.Name is not null).Select(static t => ClusterView.TopicOf(t, t.Name!))];
        },
        cancellationToken);

    public Task<ClusterDescription> DescribeClusterAsync(CancellationToken cancellationToken) => AskAsync(
        async (connection, ct) =>
        {
            var request = new MetadataRequest { Topics = [], AllowAutoTopicCreation = connection.Versions.Pick<MetadataRequest>() < 4 };
            using Answer<MetadataResponse> answer =
                await connection.RequestAsync<MetadataRequest, MetadataResponse>(request, cancellationToken: ct).ConfigureAwait(false);
            MetadataResponse cluster = answer.Message;
            BrokerDescription[] brokers =
                [.. cluster.Brokers.Select(static b => new BrokerDescription(b.NodeId, b.Host, b.Port, b.Rack)).OrderBy(static b => b.Id)];
            return new ClusterDescription(cluster.ClusterId, cluster.ControllerId, brokers);
        },
        cancellationToken);

    /// <summary>Any broker (it forwards to the controller), with retries until the operation's time is over.</summary>
    public Task<T> AskAsync<T>(Func<BrokerConnection, CancellationToken, Task<T>> call, CancellationToken cancellationToken) =>
        Retry.RunAsync(cluster.Options, cluster.Options.OperationTimeout, ct => cluster.WithAnyBrokerAsync(call, ct), cancellationToken);

    private static void Check(ErrorCode code, string what, BrokerConnection connection, string? detail)
    {
        if (code != ErrorCode.None)
        {
            throw KafkaErrors.Of(code, what, connection.Address.ToString(), detail);
        }
    }

    /// <summary>A topic that an administrator names and that is not there will not come by waiting.</summary>
    private static void CheckFinal(ErrorCode code, string what, BrokerConnection connection, string? detail)
    {
        if (code == ErrorCode.UnknownTopicOrPartition)
        {
            throw KafkaErrors.Final(code, what, connection.Address.ToString(), detail);
        }

        Check(code, what, connection, detail);
    }
}
