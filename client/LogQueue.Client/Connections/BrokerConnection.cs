using System.Net.Sockets;
using LogQueue.Protocol;
using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.Client.Connections;

/// <summary>
/// One socket to one broker with pipelined requests. When a request's time runs out, or anything fails, the whole connection fails:
/// answers come in order, so nothing behind a lost one can be trusted. Thread-safe.
/// </summary>
internal sealed class BrokerConnection : IAsyncDisposable
{
    private readonly Socket _socket;
    private readonly ClientOptions _options;
    private readonly SemaphoreSlim _writeGate = new(1, 1);
    private readonly SemaphoreSlim _slots;
    private readonly PendingQueue _pending = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ITimer _watchdog;
    private readonly PooledBufferWriter _output = new(64 * 1024);
    private Task _reading = Task.CompletedTask;
    private int _correlationId;
    private int _failed;

    private BrokerConnection(Socket socket, BrokerAddress address, ClientOptions options)
    {
        _socket = socket;
        _options = options;
        _slots = new SemaphoreSlim(options.MaxInFlightPerConnection, options.MaxInFlightPerConnection);
        Address = address;
        Versions = new ApiVersionTable(
            new Dictionary<ApiKey, ApiVersionRange> { [ApiKey.ApiVersions] = new(0, short.MaxValue) }, address.ToString());
        TimeSpan tick = TimeSpan.FromMilliseconds(Math.Clamp(options.RequestTimeout.TotalMilliseconds / 8, 5, 500));
        _watchdog = options.TimeProvider.CreateTimer(static state => ((BrokerConnection)state!).CheckDeadlines(), this, tick, tick);
    }

    public BrokerAddress Address { get; }

    public ApiVersionTable Versions { get; private set; }

    public bool IsOpen => Volatile.Read(ref _failed) == 0;

    /// <summary>Connects and exchanges versions within the connect timeout.</summary>
    /// <exception cref="KafkaException">It did not work; the message says why.</exception>
    public static async Task<BrokerConnection> OpenAsync(BrokerAddress address, ClientOptions options, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.ConnectTimeout, options.TimeProvider);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        BrokerConnection? connection = null;
        try
        {
            await socket.ConnectAsync(address.Host, address.Port, linked.Token).ConfigureAwait(false);
            connection = new BrokerConnection(socket, address, options);
            connection._reading = Task.Run(connection.ReadLoopAsync, CancellationToken.None);
            connection.Versions = await VersionExchange.RunAsync(connection, linked.Token).ConfigureAwait(false);
            return connection;
        }
        catch (Exception e)
        {
            socket.Dispose();
            if (connection is not null)
            {
                await connection.DisposeAsync().ConfigureAwait(false);
            }

            cancellationToken.ThrowIfCancellationRequested();
            string why = limit.IsCancellationRequested ? $"no answer within {options.ConnectTimeout.TotalSeconds:0.#} s" : e.Message;
            throw new KafkaException(ErrorCode.NetworkException, $"Cannot connect to {address}: {why}", address.ToString(), e);
        }
    }

    /// <summary>Sends a request in the highest common version and awaits its answer. Dispose the answer.</summary>
    /// <param name="request">The request.</param>
    /// <param name="versionCap">The highest version that the request can be written in.</param>
    /// <param name="extraWait">Time that the broker may hold the answer back on top of the request timeout.</param>
    /// <param name="cancellationToken">Stops waiting; the request may take effect all the same.</param>
    /// <exception cref="KafkaException">The connection failed, the time ran out, or no common version.</exception>
    public async ValueTask<Answer<TResponse>> RequestAsync<TRequest, TResponse>(
        TRequest request, short versionCap = short.MaxValue, TimeSpan extraWait = default, CancellationToken cancellationToken = default)
        where TRequest : IRequestMessage<TRequest>
        where TResponse : IResponseMessage<TResponse>
    {
        short version = Versions.Pick<TRequest>(versionCap);
        PendingRequest pending = await SendAsync(request, version, extraWait, expectAnswer: true, cancellationToken).ConfigureAwait(false);
        PooledBuffer frame = await pending.Answer.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return new Answer<TResponse>(Decode<TResponse>(frame, version), version, frame);
        }
        catch (WireFormatException e)
        {
            frame.Dispose();
            var error = new KafkaException(
                ErrorCode.CorruptMessage, $"{Address} sent a malformed {TRequest.ApiKey} answer: {e.Message}", Address.ToString(), e);
            Fail(error);
            throw error;
        }
    }

    /// <summary>Writes a request and returns when it is handed to the network; the answer comes by the result.</summary>
    internal async ValueTask<PendingRequest> SendAsync<TRequest>(
        TRequest request, short version, TimeSpan extraWait, bool expectAnswer, CancellationToken cancellationToken)
        where TRequest : IRequestMessage<TRequest>
    {
        if (expectAnswer)
        {
            await _slots.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        PendingRequest pending;
        bool isQueued = false;
        try
        {
            await _writeGate.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                ObjectDisposedException.ThrowIf(_stop.IsCancellationRequested && IsOpen, this);
                int correlationId = unchecked(++_correlationId);
                TimeSpan patience = _options.RequestTimeout + extraWait;
                long deadline =
                    _options.TimeProvider.GetTimestamp() + (long)(patience.TotalSeconds * _options.TimeProvider.TimestampFrequency);
                pending = new PendingRequest(TRequest.ApiKey, version, correlationId, deadline);
                Encode(request, version, correlationId);
                if (expectAnswer)
                {
                    isQueued = _pending.TryAdd(pending);
                    if (!isQueued)
                    {
                        throw Closed();
                    }
                }

                await WriteOutputAsync().ConfigureAwait(false);
            }
            finally
            {
                _writeGate.Release();
            }
        }
        catch when (expectAnswer && !isQueued)
        {
            _slots.Release();
            throw;
        }

        return pending;
    }

    /// <summary>Reads a frame's header and body.</summary>
    internal static TResponse Decode<TResponse>(PooledBuffer frame, short version)
        where TResponse : IResponseMessage<TResponse>
    {
        var reader = new WireReader(frame.Memory);
        reader.ReadInt32();
        if (TResponse.ApiKey != ApiKey.ApiVersions && TResponse.IsFlexible(version))
        {
            reader.SkipTaggedFields();
        }

        return TResponse.Read(ref reader, version);
    }

    public async ValueTask DisposeAsync()
    {
        Fail(new KafkaException(ErrorCode.NetworkException, $"The connection to {Address} was closed by this client.", Address.ToString()));
        await _reading.ConfigureAwait(false);
    }

    /// <summary>Ends the connection; every waiting request fails with <paramref name="error"/>.</summary>
    internal void Fail(Exception error)
    {
        if (Interlocked.Exchange(ref _failed, 1) != 0)
        {
            return;
        }

        _watchdog.Dispose();
        _stop.Cancel();
        _socket.Dispose();
        foreach (PendingRequest pending in _pending.Close())
        {
            _slots.Release();
            pending.Fail(error);
        }
    }

    private void Encode<TRequest>(TRequest request, short version, int correlationId)
        where TRequest : IRequestMessage<TRequest>
    {
        _output.Reset();
        var writer = new WireWriter(_output);
        writer.WriteInt32(0);
        writer.WriteInt16((short)TRequest.ApiKey);
        writer.WriteInt16(version);
        writer.WriteInt32(correlationId);
        writer.WriteString(_options.ClientId, compact: false);
        if (TRequest.IsFlexible(version))
        {
            writer.WriteTaggedFieldCount(0);
        }

        request.Write(ref writer, version);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(_output.WrittenSpanMutable, _output.WrittenCount - sizeof(int));
    }

    private async ValueTask WriteOutputAsync()
    {
        ReadOnlyMemory<byte> rest = _output.WrittenMemory;
        try
        {
            while (!rest.IsEmpty)
            {
                // A frame once begun is finished or the connection ends: so only the connection's own stop cancels it.
                rest = rest[await _socket.SendAsync(rest, SocketFlags.None, _stop.Token).ConfigureAwait(false)..];
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            KafkaException error = Lost(e);
            Fail(error);
            throw error;
        }
    }

    private async Task ReadLoopAsync()
    {
        using var frames = new FrameReader(_socket, _options.MaxResponseBytes);
        Exception? cause = null;
        try
        {
            while (await frames.ReadAsync(_stop.Token).ConfigureAwait(false) is { } frame)
            {
                int correlationId = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(frame.Span);
                if (!_pending.TryTake(out PendingRequest? pending) || pending.CorrelationId != correlationId)
                {
                    frame.Dispose();
                    pending?.Fail(Closed());
                    throw new InvalidDataException($"The answer {correlationId} does not belong to the oldest open request.");
                }

                _slots.Release();
                pending.Complete(frame);
            }
        }
        catch (Exception e)
        {
            cause = e;
        }

        Fail(Lost(cause));
    }

    private void CheckDeadlines()
    {
        if (_pending.Oldest is { } oldest && _options.TimeProvider.GetTimestamp() > oldest.DeadlineTimestamp)
        {
            Fail(new KafkaException(
                ErrorCode.RequestTimedOut,
                $"{Address} did not answer {oldest.ApiKey} v{oldest.Version} in time ({_options.RequestTimeout.TotalSeconds:0.#} s).",
                Address.ToString()));
        }
    }

    private KafkaException Lost(Exception? cause) => new(
        ErrorCode.NetworkException,
        $"The connection to {Address} was lost: {cause?.Message ?? "the broker closed it"}",
        Address.ToString(),
        cause);

    private KafkaException Closed() => new(ErrorCode.NetworkException, $"The connection to {Address} is closed.", Address.ToString());
}
