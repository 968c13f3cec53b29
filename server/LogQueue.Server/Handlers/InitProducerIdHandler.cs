using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>Gives idempotent producers their id. Thread-safe.</summary>
internal sealed class InitProducerIdHandler : RequestHandler<InitProducerIdRequest, InitProducerIdResponse>
{
    private const short NewestStable = 5;

    private readonly Broker _broker;

    /// <summary>Allocates ids of <paramref name="broker"/>.</summary>
    public InitProducerIdHandler(Broker broker) => _broker = broker;

    /// <summary>Without the newest version, which Kafka marks as unstable.</summary>
    public override ApiVersionRange Versions => new(InitProducerIdRequest.LowestVersion, NewestStable);

    /// <inheritdoc/>
    protected override async ValueTask<InitProducerIdResponse?> HandleAsync(InitProducerIdRequest request, RequestContext context)
    {
        var response = new InitProducerIdResponse { ProducerId = -1, ProducerEpoch = -1 };
        if (request.TransactionalId is not null)
        {
            // Transactions are not served: a fatal code, for a retriable one would be retried for ever.
            response.ErrorCode = ErrorCode.InvalidRequest;
            return response;
        }

        try
        {
            response.ProducerId = await _broker.Engine.AllocateProducerIdAsync(CancellationToken.None);
            response.ProducerEpoch = 0;
        }
        catch (Exception e) when (ErrorMapping.TryOf(e, out ErrorCode error))
        {
            response.ErrorCode = error;
        }

        return response;
    }
}
