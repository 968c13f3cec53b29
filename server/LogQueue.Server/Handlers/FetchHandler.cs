using LogQueue.Engine.Partitions;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Fetching;
using LogQueue.Server.Requests;

namespace LogQueue.Server.Handlers;

/// <summary>
/// Reads record batches; waits for new ones when there are too few. Without sessions: every request names all its partitions, which
/// every client can do. Thread-safe.
/// </summary>
internal sealed class FetchHandler : RequestHandler<FetchRequest, FetchResponse>
{
    private readonly Broker _broker;

    /// <summary>Reads the topics of <paramref name="broker"/>.</summary>
    public FetchHandler(Broker broker) => _broker = broker;

    /// <inheritdoc/>
    public override bool RunsAhead => true;

    /// <inheritdoc/>
    protected override ValueTask<FetchResponse?> HandleAsync(FetchRequest request, RequestContext context)
    {
        context.ReleaseFrame();
        if (request.SessionId != 0)
        {
            return new ValueTask<FetchResponse?>(new FetchResponse { ErrorCode = ErrorCode.FetchSessionIdNotFound });
        }

        if (request.SessionEpoch > 0)
        {
            return new ValueTask<FetchResponse?>(new FetchResponse { ErrorCode = ErrorCode.InvalidFetchSessionEpoch });
        }

        var plan = new FetchPlan(request, context.ApiVersion, _broker);
        FetchResponse response = plan.Read(out bool isEnough);
        return isEnough || request.MaxWaitMs <= 0
            ? new ValueTask<FetchResponse?>(response)
            : WaitAsync(request, context, plan, response);
    }

    private async ValueTask<FetchResponse?> WaitAsync(FetchRequest request, RequestContext context, FetchPlan plan, FetchResponse response)
    {
        TimeProvider time = _broker.Options.TimeProvider;
        long started = time.GetTimestamp();
        var most = TimeSpan.FromMilliseconds(request.MaxWaitMs);
        using var waiter = new DataWaiter(time);
        plan.Watch(waiter);
        while (true)
        {
            // Read after watching: what arrived in between would otherwise be slept through.
            FetchPlan.Release(response);
            response = plan.Read(out bool isEnough);
            TimeSpan left = most - time.GetElapsedTime(started);
            if (isEnough || left <= TimeSpan.Zero || context.Aborted.IsCancellationRequested)
            {
                return response;
            }

            plan.RequestCommit();
            try
            {
                await waiter.WaitAsync(left, context.Aborted);
            }
            catch (OperationCanceledException)
            {
                // The client is gone or the server stops: answer with what there is.
            }
        }
    }
}
