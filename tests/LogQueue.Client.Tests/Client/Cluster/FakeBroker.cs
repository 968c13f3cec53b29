using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.Client.Tests.Client.Cluster;

/// <summary>One broker of a <see cref="FakeCluster"/>: a listener whose requests the cluster answers. Thread-safe.</summary>
internal sealed class FakeBroker : IAsyncDisposable
{
    /// <summary>What it speaks, up to the versions that name topics by name (fetches by id, too).</summary>
    private static readonly (ApiKey Key, short Lowest, short Highest)[] Versions =
    [
        (ApiKey.Produce, 3, 12), (ApiKey.Fetch, 4, 17), (ApiKey.ListOffsets, 1, 10), (ApiKey.Metadata, 0, 13), (ApiKey.OffsetCommit, 2, 9),
        (ApiKey.OffsetFetch, 1, 9), (ApiKey.FindCoordinator, 0, 6), (ApiKey.JoinGroup, 0, 9), (ApiKey.Heartbeat, 0, 4),
        (ApiKey.LeaveGroup, 0, 5), (ApiKey.SyncGroup, 0, 5), (ApiKey.ApiVersions, 0, 4), (ApiKey.InitProducerId, 0, 5),
    ];

    private readonly ConcurrentDictionary<Socket, bool> _sockets = new();
    private readonly ConcurrentBag<Task> _tasks = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly FakeCluster _cluster;
    private volatile bool _isUp = true;

    public FakeBroker(int id, FakeCluster cluster)
    {
        Id = id;
        _cluster = cluster;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _tasks.Add(Task.Run(AcceptAsync));
    }

    public int Id { get; }

    public int Port { get; }

    public bool IsUp => _isUp;

    /// <summary>Takes requests and answers none.</summary>
    public bool IsMute { get; set; }

    /// <summary>Gone for good: connections end, new ones are closed at once.</summary>
    public void Kill()
    {
        _isUp = false;
        CloseAll();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        CloseAll();
        await Task.WhenAll(_tasks);
        _stop.Dispose();
    }

    private void CloseAll()
    {
        foreach (Socket socket in _sockets.Keys)
        {
            socket.Dispose();
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptSocketAsync(_stop.Token);
                if (!_isUp)
                {
                    socket.Dispose();
                    continue;
                }

                socket.NoDelay = true;
                _sockets.TryAdd(socket, true);
                _tasks.Add(Task.Run(() => ServeAsync(socket)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            var prefix = new byte[4];
            while (await FillAsync(socket, prefix))
            {
                var frame = new byte[BinaryPrimitives.ReadInt32BigEndian(prefix)];
                await FillAsync(socket, frame);
                var api = (ApiKey)BinaryPrimitives.ReadInt16BigEndian(frame);
                _cluster.Asked.Enqueue((Id, api));
                if (api == ApiKey.Fetch)
                {
                    await Task.Delay(5, _stop.Token);
                }

                byte[] answer = Answer(api, frame);
                if (!IsMute || api == ApiKey.ApiVersions)
                {
                    await socket.SendAsync(answer, _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The client left, or the script ends the connection.
        }
        finally
        {
            _sockets.TryRemove(socket, out _);
            socket.Dispose();
        }
    }

    private async Task<bool> FillAsync(Socket socket, Memory<byte> memory)
    {
        while (memory.Length > 0)
        {
            int received = await socket.ReceiveAsync(memory, _stop.Token);
            if (received == 0)
            {
                return false;
            }

            memory = memory[received..];
        }

        return true;
    }

    private byte[] Answer(ApiKey api, byte[] frame) => api switch
    {
        ApiKey.ApiVersions => Handle<ApiVersionsRequest, ApiVersionsResponse>(frame, static _ => new ApiVersionsResponse
        {
            ApiKeys = [.. Versions.Select(static v => new ApiVersionsResponse.ApiVersion { ApiKey = (short)v.Key, MinVersion = v.Lowest, MaxVersion = v.Highest })],
        }),
        ApiKey.Metadata => Handle<MetadataRequest, MetadataResponse>(frame, _cluster.Metadata),
        ApiKey.Produce => Handle<ProduceRequest, ProduceResponse>(frame, r => _cluster.Produce(Id, r)),
        ApiKey.Fetch => Handle<FetchRequest, FetchResponse>(frame, r => _cluster.Fetch(Id, r)),
        ApiKey.ListOffsets => Handle<ListOffsetsRequest, ListOffsetsResponse>(frame, r => _cluster.ListOffsets(Id, r)),
        ApiKey.InitProducerId => Handle<InitProducerIdRequest, InitProducerIdResponse>(frame, static _ => new InitProducerIdResponse { ProducerId = 7 }),
        ApiKey.FindCoordinator => Handle<FindCoordinatorRequest, FindCoordinatorResponse>(frame, _cluster.FindCoordinator),
        ApiKey.JoinGroup => Handle<JoinGroupRequest, JoinGroupResponse>(frame, r => _cluster.Join(Id, r)),
        ApiKey.SyncGroup => Handle<SyncGroupRequest, SyncGroupResponse>(frame, r => _cluster.Sync(Id, r)),
        ApiKey.Heartbeat => Handle<HeartbeatRequest, HeartbeatResponse>(frame, _ => new HeartbeatResponse { ErrorCode = _cluster.OfCoordinator(Id) }),
        ApiKey.LeaveGroup => Handle<LeaveGroupRequest, LeaveGroupResponse>(frame, static _ => new LeaveGroupResponse()),
        ApiKey.OffsetFetch => Handle<OffsetFetchRequest, OffsetFetchResponse>(frame, r => _cluster.FetchOffsets(Id, r)),
        ApiKey.OffsetCommit => Handle<OffsetCommitRequest, OffsetCommitResponse>(frame, r => _cluster.Commit(Id, r)),
        _ => throw new NotSupportedException($"The fake broker has no answer to {api}."),
    };

    private static byte[] Handle<TRequest, TResponse>(byte[] frame, Func<TRequest, TResponse> answer)
        where TRequest : IRequestMessage<TRequest>
        where TResponse : IResponseMessage<TResponse>
    {
        short version = BinaryPrimitives.ReadInt16BigEndian(frame.AsSpan(2));
        var reader = new WireReader(frame);
        RequestHeader header = RequestHeader.Read(ref reader, HeaderVersions.Request<TRequest>(version));
        TResponse response = answer(TRequest.Read(ref reader, version));
        using var output = new PooledBufferWriter();
        var writer = new WireWriter(output);
        writer.WriteInt32(0);
        new ResponseHeader { CorrelationId = header.CorrelationId }.Write(ref writer, HeaderVersions.Response<TResponse>(version));
        response.Write(ref writer, version);
        byte[] bytes = output.WrittenSpan.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(bytes, bytes.Length - 4);
        return bytes;
    }
}
