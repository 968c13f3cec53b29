using System.Buffers.Binary;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Server.Transport;
using LogQueue.Wire;

namespace LogQueue.Server.Requests;

/// <summary>Reads the header of a request, finds its handler and starts it. Thread-safe.</summary>
internal sealed class RequestDispatcher
{
    private readonly HandlerTable _table;
    private readonly ServerMetrics _metrics;
    private readonly TimeProvider _time;

    /// <summary>Dispatches to the handlers of <paramref name="table"/>.</summary>
    public RequestDispatcher(HandlerTable table, ServerMetrics metrics, TimeProvider time)
    {
        _table = table;
        _metrics = metrics;
        _time = time;
    }

    /// <summary>
    /// Starts a request. Whatever must happen in arrival order has happened when this returns. Takes over the frame.
    /// </summary>
    /// <param name="frame">The request.</param>
    /// <param name="connection">Who sent it.</param>
    /// <param name="aborted">Cancelled when the connection is closed or the server stops.</param>
    /// <param name="runsAhead">True when the next request may start before the response is there.</param>
    /// <exception cref="RequestRefusedException">No handler takes it; the connection must be closed.</exception>
    /// <exception cref="WireFormatException">It cannot be read; the connection must be closed.</exception>
    public ValueTask<ResponseFrame?> Dispatch(Frame frame, ConnectionFacts connection, CancellationToken aborted, out bool runsAhead)
    {
        bool pendingOwnsFrame = false;
        try
        {
            long started = _time.GetTimestamp();
            ReadOnlyMemory<byte> bytes = frame.Memory;
            var key = (ApiKey)BinaryPrimitives.ReadInt16BigEndian(bytes.Span);
            short version = BinaryPrimitives.ReadInt16BigEndian(bytes.Span[2..]);
            if (!_table.TryGet(key, out IRequestHandler? handler))
            {
                throw new RequestRefusedException($"API key {(short)key} ({key}) is not served.");
            }

            runsAhead = handler.RunsAhead;
            if (version < handler.LowestServed || version > handler.Versions.Highest)
            {
                return new ValueTask<ResponseFrame?>(RefuseVersion(key, version, handler, bytes));
            }

            RequestContext context = ReadContext(frame, bytes, handler.HeaderVersion(version), connection, aborted);
            ValueTask<ResponseFrame?> pending = Call(handler, context);
            if (pending.IsCompletedSuccessfully)
            {
                ResponseFrame? response = pending.Result;
                _metrics.RequestServed(key, bytes.Length, response?.TotalBytes ?? 0, _time.GetElapsedTime(started));
                return new ValueTask<ResponseFrame?>(response);
            }

            pendingOwnsFrame = true;
            return FinishAsync(pending, frame, key, bytes.Length, started);
        }
        finally
        {
            if (!pendingOwnsFrame)
            {
                frame.Dispose();
            }
        }
    }

    private static ValueTask<ResponseFrame?> Call(IRequestHandler handler, RequestContext context)
    {
        try
        {
            return handler.HandleAsync(context);
        }
        catch (WireFormatException e)
        {
            throw new WireFormatException(
                $"{context.ApiKey} v{context.ApiVersion} from client '{LogText.Clean(context.ClientId)}': {e.Message}");
        }
    }

    private static RequestContext ReadContext(
        Frame frame, ReadOnlyMemory<byte> bytes, short headerVersion, ConnectionFacts connection, CancellationToken aborted)
    {
        var reader = new WireReader(bytes);
        RequestHeader header;
        try
        {
            header = RequestHeader.Read(ref reader, headerVersion);
        }
        catch (WireFormatException e)
        {
            throw new WireFormatException($"a request header cannot be read: {e.Message}");
        }

        return new RequestContext(header, connection, aborted, frame, bytes[reader.Position..]);
    }

    // ApiVersions is how a client learns our versions, so it is answered in the oldest form whatever it asks; everything else closes.
    private static ResponseFrame RefuseVersion(ApiKey key, short version, IRequestHandler handler, ReadOnlyMemory<byte> bytes)
    {
        if (key != ApiKey.ApiVersions)
        {
            throw new RequestRefusedException(
                $"{key} v{version} is not served; versions {handler.LowestServed} to {handler.Versions.Highest} are.");
        }

        var response = new ApiVersionsResponse
        {
            ErrorCode = ErrorCode.UnsupportedVersion,
            ApiKeys =
            [
                new ApiVersionsResponse.ApiVersion
                {
                    ApiKey = (short)key,
                    MinVersion = handler.Versions.Lowest,
                    MaxVersion = handler.Versions.Highest,
                },
            ],
        };
        return ResponseFrame.Create(response, 0, BinaryPrimitives.ReadInt32BigEndian(bytes.Span[4..]));
    }

    private async ValueTask<ResponseFrame?> FinishAsync(
        ValueTask<ResponseFrame?> pending, Frame frame, ApiKey key, int requestBytes, long started)
    {
        try
        {
            ResponseFrame? response = await pending;
            _metrics.RequestServed(key, requestBytes, response?.TotalBytes ?? 0, _time.GetElapsedTime(started));
            return response;
        }
        finally
        {
            frame.Dispose();
        }
    }
}
