using LogQueue.Engine.Topics;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>Grows topics to a new total of partitions. Thread-safe.</summary>
internal sealed class CreatePartitionsHandler : RequestHandler<CreatePartitionsRequest, CreatePartitionsResponse>
{
    private const int MostPartitions = 100_000;

    private readonly Broker _broker;

    /// <summary>Grows topics of <paramref name="broker"/>.</summary>
    public CreatePartitionsHandler(Broker broker) => _broker = broker;

    /// <inheritdoc/>
    protected override async ValueTask<CreatePartitionsResponse?> HandleAsync(CreatePartitionsRequest request, RequestContext context)
    {
        HashSet<string> duplicates =
            [.. request.Topics.GroupBy(static t => t.Name).Where(static g => g.Count() > 1).Select(static g => g.Key)];
        var results = new CreatePartitionsResponse.CreatePartitionsTopicResult[request.Topics.Length];
        for (int i = 0; i < results.Length; i++)
        {
            CreatePartitionsRequest.CreatePartitionsTopic asked = request.Topics[i];
            (ErrorCode code, string? why) = duplicates.Contains(asked.Name)
                ? (ErrorCode.InvalidRequest, "The request names this topic more than once.")
                : await GrowAsync(asked, request.ValidateOnly);
            results[i] =
                new CreatePartitionsResponse.CreatePartitionsTopicResult { Name = asked.Name, ErrorCode = code, ErrorMessage = why };
        }

        return new CreatePartitionsResponse { Results = results };
    }

    private async ValueTask<(ErrorCode Code, string? Why)> GrowAsync(CreatePartitionsRequest.CreatePartitionsTopic asked, bool validateOnly)
    {
        if (!_broker.TryGetClientTopic(asked.Name, out Topic? topic))
        {
            return (ErrorCode.UnknownTopicOrPartition, null);
        }

        if (topic.IsInternal)
        {
            return (ErrorCode.InvalidTopicException, $"{topic.Name} is the broker's own.");
        }

        int now = topic.Partitions.Count;
        if (asked.Count <= now || asked.Count > MostPartitions)
        {
            return (ErrorCode.InvalidPartitions,
                $"The topic has {now} partitions; {asked.Count} is not a larger total of at most {MostPartitions}.");
        }

        int node = _broker.Engine.NodeId;
        if (asked.Assignments is { } assignments
            && (assignments.Length != asked.Count - now || assignments.Any(a => a.BrokerIds is not [var only] || only != node)))
        {
            return (ErrorCode.InvalidReplicaAssignment,
                $"Assign each of the {asked.Count - now} new partitions to node {node}, or give no assignments.");
        }

        if (validateOnly)
        {
            return (ErrorCode.None, null);
        }

        try
        {
            await _broker.Engine.AddPartitionsAsync(asked.Name, asked.Count, CancellationToken.None);
            return (ErrorCode.None, null);
        }
        catch (Exception e) when (ErrorMapping.TryOf(e, out ErrorCode error))
        {
            return (error, e.Message);
        }
    }
}
