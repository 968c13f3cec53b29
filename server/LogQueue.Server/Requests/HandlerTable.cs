using System.Diagnostics.CodeAnalysis;
using LogQueue.Protocol;
using LogQueue.Server.Handlers;

namespace LogQueue.Server.Requests;

/// <summary>THE list of APIs that are served: what is here is advertised, what is not here is not. Immutable; thread-safe.</summary>
internal sealed class HandlerTable
{
    private readonly IRequestHandler?[] _byKey;

    /// <summary>Creates the handlers over one broker.</summary>
    public HandlerTable(Broker broker)
    {
        Handlers =
        [
            new ProduceHandler(broker),
            new FetchHandler(broker),
            new ListOffsetsHandler(broker),
            new MetadataHandler(broker),
            new OffsetCommitHandler(broker.Groups),
            new OffsetFetchHandler(broker.Groups),
            new FindCoordinatorHandler(broker),
            new JoinGroupHandler(broker.Groups),
            new HeartbeatHandler(broker.Groups),
            new LeaveGroupHandler(broker.Groups),
            new SyncGroupHandler(broker.Groups),
            new DescribeGroupsHandler(broker.Groups),
            new ListGroupsHandler(broker.Groups),
            new ApiVersionsHandler(this),
            new CreateTopicsHandler(broker),
            new DeleteTopicsHandler(broker),
            new DeleteRecordsHandler(broker),
            new InitProducerIdHandler(broker),
            new OffsetForLeaderEpochHandler(broker),
            new DescribeConfigsHandler(broker),
            new AlterConfigsHandler(broker),
            new DescribeLogDirsHandler(broker),
            new CreatePartitionsHandler(broker),
            new DeleteGroupsHandler(broker.Groups),
            new IncrementalAlterConfigsHandler(broker),
            new OffsetDeleteHandler(broker.Groups),
            new DescribeClusterHandler(broker),
            new ListConfigResourcesHandler(broker),
            new DescribeTopicPartitionsHandler(broker),
        ];
        _byKey = new IRequestHandler?[Handlers.Max(static h => (int)h.ApiKey) + 1];
        foreach (IRequestHandler handler in Handlers)
        {
            _byKey[(int)handler.ApiKey] = handler;
        }
    }

    /// <summary>Every handler, by API key.</summary>
    public IReadOnlyList<IRequestHandler> Handlers { get; }

    /// <summary>Finds the handler of an API.</summary>
    public bool TryGet(ApiKey key, [NotNullWhen(true)] out IRequestHandler? handler)
    {
        handler = (uint)key < (uint)_byKey.Length ? _byKey[(int)key] : null;
        return handler is not null;
    }
}
