using LogQueue.Protocol;
using LogQueue.Wire.Memory;

namespace LogQueue.Client.Connections;

/// <summary>A request that is on the wire and waits for its answer.</summary>
internal sealed class PendingRequest(ApiKey apiKey, short version, int correlationId, long deadlineTimestamp)
{
    private readonly TaskCompletionSource<PooledBuffer> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ApiKey ApiKey { get; } = apiKey;

    public short Version { get; } = version;

    public int CorrelationId { get; } = correlationId;

    /// <summary>In units of the time provider's timestamp.</summary>
    public long DeadlineTimestamp { get; } = deadlineTimestamp;

    /// <summary>The frame without its size; whoever awaits it disposes it.</summary>
    public Task<PooledBuffer> Answer => _answer.Task;

    public void Complete(PooledBuffer frame)
    {
        if (!_answer.TrySetResult(frame))
        {
            frame.Dispose();
        }
    }

    public void Fail(Exception error)
    {
        if (_answer.TrySetException(error))
        {
            // Looked at, so that a caller who gave up leaves no unobserved exception behind.
            _ = _answer.Task.Exception;
        }
    }
}
