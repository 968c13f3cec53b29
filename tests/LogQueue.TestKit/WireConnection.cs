using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.TestKit;

/// <summary>
/// The smallest client: sends a typed request, or any bytes, and reads what comes back. For tests of the server; waits are bounded.
/// Not thread-safe.
/// </summary>
public sealed class WireConnection : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly Socket _socket;
    private int _lastCorrelationId;

    private WireConnection(Socket socket) => _socket = socket;

    /// <summary>The client id that requests carry.</summary>
    public string? ClientId { get; set; } = "wire-test";

    /// <summary>The socket below.</summary>
    public Socket Socket => _socket;

    /// <summary>Connects.</summary>
    public static async Task<WireConnection> ConnectAsync(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(endPoint);
        return new WireConnection(socket);
    }

    /// <summary>Sends a request and reads its response.</summary>
    public async Task<TResponse> CallAsync<TRequest, TResponse>(TRequest request, short version)
        where TRequest : IRequestMessage<TRequest>
        where TResponse : IResponseMessage<TResponse>
    {
        int correlationId = await SendAsync(request, version);
        return await ReceiveAsync<TResponse>(version, correlationId);
    }

    /// <summary>Sends a request and does not wait. Returns its correlation id.</summary>
    public async Task<int> SendAsync<TRequest>(TRequest request, short version)
        where TRequest : IRequestMessage<TRequest>
    {
        int correlationId = ++_lastCorrelationId;
        await SendBytesAsync(Encode(request, version, correlationId, ClientId));
        return correlationId;
    }

    /// <summary>The bytes of a request, size prefix included.</summary>
    public static byte[] Encode<TRequest>(TRequest request, short version, int correlationId, string? clientId)
        where TRequest : IRequestMessage<TRequest>
    {
        using var output = new PooledBufferWriter();
        var writer = new WireWriter(output);
        writer.WriteInt32(0);
        var header = new RequestHeader
        {
            RequestApiKey = (short)TRequest.ApiKey,
            RequestApiVersion = version,
            CorrelationId = correlationId,
            ClientId = clientId,
        };
        header.Write(ref writer, HeaderVersions.Request<TRequest>(version));
        request.Write(ref writer, version);
        byte[] bytes = output.WrittenSpan.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(bytes, bytes.Length - 4);
        return bytes;
    }

    /// <summary>Sends bytes as they are.</summary>
    public async Task SendBytesAsync(ReadOnlyMemory<byte> bytes)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (bytes.Length > 0)
        {
            bytes = bytes[await _socket.SendAsync(bytes, patience.Token)..];
        }
    }

    /// <summary>Reads the next response and checks its correlation id.</summary>
    public async Task<TResponse> ReceiveAsync<TResponse>(short version, int correlationId)
        where TResponse : IResponseMessage<TResponse>
    {
        byte[] frame = await ReceiveFrameAsync() ?? throw new EndOfStreamException($"The server closed the connection before {typeof(TResponse).Name}.");
        var reader = new WireReader(frame);
        ResponseHeader header = ResponseHeader.Read(ref reader, HeaderVersions.Response<TResponse>(version));
        if (header.CorrelationId != correlationId)
        {
            throw new InvalidDataException($"A response to request {header.CorrelationId} came where that to {correlationId} was due.");
        }

        TResponse response = TResponse.Read(ref reader, version);
        return reader.Remaining == 0 ? response : throw new InvalidDataException($"{typeof(TResponse).Name} v{version} has {reader.Remaining} bytes too many.");
    }

    /// <summary>Reads the next frame without its size; null when the server closed the connection.</summary>
    public async Task<byte[]?> ReceiveFrameAsync()
    {
        var prefix = new byte[4];
        if (!await FillAsync(prefix))
        {
            return null;
        }

        var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(prefix)];
        return await FillAsync(frame) ? frame : null;
    }

    /// <summary>True when the server has closed the connection, or does so soon.</summary>
    public async Task<bool> IsClosedAsync() => await ReceiveFrameAsync() is null;

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<bool> FillAsync(Memory<byte> memory)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            while (memory.Length > 0)
            {
                int received = await _socket.ReceiveAsync(memory, patience.Token);
                if (received == 0)
                {
                    return false;
                }

                memory = memory[received..];
            }

            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
