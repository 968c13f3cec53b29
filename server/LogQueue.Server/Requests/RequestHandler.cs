using LogQueue.Protocol;
using LogQueue.Wire;

namespace LogQueue.Server.Requests;

/// <summary>
/// Serves one API by its typed messages. Memory in a request (bytes, records) aliases the frame it came in: it is valid until the
/// response is returned or <see cref="RequestContext.ReleaseFrame"/> is called; what must live longer is copied.
/// </summary>
/// <typeparam name="TRequest">The request.</typeparam>
/// <typeparam name="TResponse">Its response.</typeparam>
internal abstract class RequestHandler<TRequest, TResponse> : IRequestHandler
    where TRequest : IRequestMessage<TRequest>
    where TResponse : class, IResponseMessage<TResponse>
{
    /// <inheritdoc/>
    public ApiKey ApiKey => TRequest.ApiKey;

    /// <inheritdoc/>
    public virtual ApiVersionRange Versions => new(TRequest.LowestVersion, TRequest.HighestVersion);

    /// <inheritdoc/>
    public short LowestServed => TRequest.LowestVersion;

    /// <inheritdoc/>
    public virtual bool RunsAhead => false;

    /// <inheritdoc/>
    public short HeaderVersion(short apiVersion) => HeaderVersions.Request<TRequest>(apiVersion);

    /// <inheritdoc/>
    public ValueTask<ResponseFrame?> HandleAsync(RequestContext context)
    {
        var reader = new WireReader(context.Body, RequestAllowance.Of(context.Body.Length));
        TRequest request = TRequest.Read(ref reader, context.ApiVersion);
        ValueTask<TResponse?> pending = HandleAsync(request, context);
        if (pending.IsCompletedSuccessfully)
        {
            TResponse? response = pending.Result;
            return new ValueTask<ResponseFrame?>(Encode(response, context));
        }

        return AwaitAsync(pending, context);
    }

    /// <summary>Serves the request; null sends no response.</summary>
    protected abstract ValueTask<TResponse?> HandleAsync(TRequest request, RequestContext context);

    private static ResponseFrame? Encode(TResponse? response, RequestContext context) =>
        response is null ? null : ResponseFrame.Create(response, context.ApiVersion, context.CorrelationId);

    private static async ValueTask<ResponseFrame?> AwaitAsync(ValueTask<TResponse?> pending, RequestContext context) =>
        Encode(await pending, context);
}
