using LogQueue.Engine.Topics;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>Deletes topics, by name or by id. Thread-safe.</summary>
internal sealed class DeleteTopicsHandler : RequestHandler<DeleteTopicsRequest, DeleteTopicsResponse>
{
    private const short FirstWithIds = 6;

    private readonly Broker _broker;

    /// <summary>Deletes topics of <paramref name="broker"/>.</summary>
    public DeleteTopicsHandler(Broker broker) => _broker = broker;

    /// <inheritdoc/>
    protected override async ValueTask<DeleteTopicsResponse?> HandleAsync(DeleteTopicsRequest request, RequestContext context)
    {
        (string? Name, Guid Id)[] asked = context.ApiVersion >= FirstWithIds
            ? [.. request.Topics.Select(static t => (t.Name, t.TopicId))]
            : [.. request.TopicNames.Select(static name => ((string?)name, Guid.Empty))];
        var responses = new DeleteTopicsResponse.DeletableTopicResult[asked.Length];
        for (int i = 0; i < asked.Length; i++)
        {
            responses[i] = await DeleteAsync(asked[i].Name, asked[i].Id);
        }

        return new DeleteTopicsResponse { Responses = responses };
    }

    private async ValueTask<DeleteTopicsResponse.DeletableTopicResult> DeleteAsync(string? name, Guid id)
    {
        var result = new DeleteTopicsResponse.DeletableTopicResult { Name = name, TopicId = id };
        Topic? topic;
        if (name is not null && id != Guid.Empty)
        {
            return Refused(result, ErrorCode.InvalidRequest, "Give a name or an id, not both.");
        }

        if (name is null ? !_broker.TryGetClientTopic(id, out topic) : !_broker.TryGetClientTopic(name, out topic))
        {
            return Refused(result, name is null ? ErrorCode.UnknownTopicId : ErrorCode.UnknownTopicOrPartition, null);
        }

        result.Name = topic!.Name;
        result.TopicId = topic.Id;
        if (!_broker.Options.DeleteTopics)
        {
            return Refused(result, ErrorCode.TopicDeletionDisabled, "Deleting topics is switched off (delete.topic.enable=false).");
        }

        if (topic.IsInternal)
        {
            return Refused(result, ErrorCode.InvalidTopicException, $"{topic.Name} is the broker's own.");
        }

        try
        {
            await _broker.Engine.DeleteTopicAsync(topic.Name, CancellationToken.None);
            ServerLog.TopicDeleted(_broker.Logger, topic.Name);
            return result;
        }
        catch (Exception e) when (ErrorMapping.TryOf(e, out ErrorCode error))
        {
            return Refused(result, error, e.Message);
        }
    }

    private static DeleteTopicsResponse.DeletableTopicResult Refused(
        DeleteTopicsResponse.DeletableTopicResult result, ErrorCode code, string? why)
    {
        result.ErrorCode = code;
        result.ErrorMessage = why;
        return result;
    }
}
