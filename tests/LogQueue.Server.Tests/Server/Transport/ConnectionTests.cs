using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using LogQueue.Protocol.Messages;
using LogQueue.TestKit;

namespace LogQueue.Server.Tests.Server.Transport;

/// <summary>Limits, time-outs, memory, slow readers, stopping.</summary>
[Collection(AloneCollection.Name)]
public sealed class ConnectionTests
{
    [Fact]
    public async Task Announced_sizes_take_no_memory()
    {
        await using TestBroker broker = await TestBroker.StartAsync();
        const int Connections = 500;
        var open = new List<WireConnection>();
        try
        {
            await using WireConnection good = await broker.ConnectAsync();
            await AssertServesAsync(good);
            using Process process = Process.GetCurrentProcess();
            long before = process.WorkingSet64;
            byte[] announcement = [.. new byte[4], 0, 3, 0, 9, 0];
            BinaryPrimitives.WriteInt32BigEndian(announcement, 100 << 20);
            for (int i = 0; i < Connections; i++)
            {
                WireConnection connection = await broker.ConnectAsync();
                open.Add(connection);
                await connection.SendBytesAsync(announcement);
            }

            await AssertServesAsync(good);
            process.Refresh();

            // 50 GiB are announced; what arrived is 4.5 KiB.
            Assert.InRange(process.WorkingSet64 - before, long.MinValue, 60L << 20);
        }
        finally
        {
            foreach (WireConnection connection in open)
            {
                await connection.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task A_request_over_the_limit_closes_the_connection()
    {
        await using TestBroker broker = await TestBroker.StartAsync(static o => o with { MaxRequestBytes = 10_000 });
        await broker.Engine.CreateTopicAsync("t");
        await using WireConnection connection = await broker.ConnectAsync();
        await connection.ProduceAsync("t", WireCalls.Batch(valueBytes: 9_000));

        await connection.SendAsync(WireCalls.Produce("t", 0, WireCalls.Batch(valueBytes: 11_000)), 9);

        Assert.True(await connection.IsClosedAsync());
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_cut_off_and_others_go_on()
    {
        await using TestBroker broker = await TestBroker.StartAsync(static o => o with { SendStallTimeout = TimeSpan.FromSeconds(1) });
        await broker.Engine.CreateTopicAsync("t", 1, new Dictionary<string, string> { ["max.message.bytes"] = "20000000" });
        await using WireConnection good = await broker.ConnectAsync();
        for (int i = 0; i < 10; i++)
        {
            await good.ProduceAsync("t", WireCalls.Batch(valueBytes: 5_000_000));
        }

        await using WireConnection slow = await broker.ConnectAsync();
        for (int i = 0; i < 20; i++)
        {
            await slow.SendAsync(WireCalls.Fetch("t", 0, partitionMaxBytes: 50 << 20), 12);
        }

        for (int i = 0; broker.Server.ConnectionCount > 1 && i < 150; i++)
        {
            await AssertServesAsync(good);
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        Assert.Equal(1, broker.Server.ConnectionCount);
        await AssertServesAsync(good);
    }

    [Fact]
    public async Task A_slow_reader_that_reads_gets_everything()
    {
        await using TestBroker broker = await TestBroker.StartAsync();
        await broker.Engine.CreateTopicAsync("t", 1, new Dictionary<string, string> { ["max.message.bytes"] = "20000000" });
        await using WireConnection connection = await broker.ConnectAsync();
        for (int i = 0; i < 6; i++)
        {
            await connection.ProduceAsync("t", WireCalls.Batch(100, valueBytes: 50_000));
        }

        int id = await connection.SendAsync(WireCalls.Fetch("t", 0, partitionMaxBytes: 50 << 20), 12);
        await Task.Delay(300, TestContext.Current.CancellationToken);
        FetchResponse response = await connection.ReceiveAsync<FetchResponse>(12, id);

        Assert.Equal(600, WireCalls.Offsets(response.Responses[0].Partitions[0].Records).Count);
    }

    [Fact]
    public async Task Connections_over_the_limit_are_closed_at_once()
    {
        await using TestBroker broker = await TestBroker.StartAsync(static o => o with { MaxConnections = 3, MaxConnectionsPerAddress = 2 });
        await using WireConnection first = await broker.ConnectAsync();
        await using WireConnection second = await broker.ConnectAsync();
        await AssertServesAsync(first);
        await AssertServesAsync(second);

        await using WireConnection third = await broker.ConnectAsync();
        Assert.True(await third.IsClosedAsync());

        await second.DisposeAsync();
        for (int i = 0; broker.Server.ConnectionCount > 1 && i < 100; i++)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        await using WireConnection fourth = await broker.ConnectAsync();
        await AssertServesAsync(fourth);
    }

    [Fact]
    public async Task Idle_connections_and_half_requests_are_closed()
    {
        await using TestBroker broker = await TestBroker.StartAsync(
            static o => o with { IdleTimeout = TimeSpan.FromSeconds(1), FrameTimeout = TimeSpan.FromMilliseconds(500) });
        await broker.Engine.CreateTopicAsync("t");
        await using WireConnection idle = await broker.ConnectAsync();
        await using WireConnection half = await broker.ConnectAsync();
        await using WireConnection polling = await broker.ConnectAsync();
        await half.SendBytesAsync(new byte[] { 0, 0, 1, 0, 0, 3 });
        Task<FetchResponse.PartitionData> poll = polling.FetchAsync(WireCalls.Fetch("t", 0, maxWaitMs: 3_000));

        Assert.True(await idle.IsClosedAsync());
        Assert.True(await half.IsClosedAsync());
        Assert.Equal(0, (await poll).Records.LengthBytes);
    }

    [Fact]
    public async Task A_client_that_leaves_ends_its_long_polls()
    {
        await using TestBroker broker = await TestBroker.StartAsync();
        await broker.Engine.CreateTopicAsync("t");
        WireConnection connection = await broker.ConnectAsync();
        await connection.SendAsync(WireCalls.Fetch("t", 0, maxWaitMs: 600_000), 12);
        await Task.Delay(100, TestContext.Current.CancellationToken);
        Assert.Equal(1, broker.Server.ConnectionCount);

        await connection.DisposeAsync();
        for (int i = 0; broker.Server.ConnectionCount > 0 && i < 200; i++)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        Assert.Equal(0, broker.Server.ConnectionCount);
    }

    [Fact]
    public async Task A_client_that_only_closes_its_sending_side_gets_its_responses()
    {
        await using TestBroker broker = await TestBroker.StartAsync();
        await broker.Engine.CreateTopicAsync("t");
        await using WireConnection connection = await broker.ConnectAsync();
        int id = await connection.SendAsync(WireCalls.Produce("t", 0, WireCalls.Batch()), 9);

        connection.Socket.Shutdown(SocketShutdown.Send);

        Assert.Equal(0, (await connection.ReceiveAsync<ProduceResponse>(9, id)).Responses[0].PartitionResponses[0].BaseOffset);
        Assert.True(await connection.IsClosedAsync());
    }

    [Fact]
    public async Task A_restart_keeps_the_data_and_the_port()
    {
        await using TestBroker broker = await TestBroker.StartAsync();
        int port = broker.Server.Port;
        await using (WireConnection before = await broker.ConnectAsync())
        {
            await before.CallAsync<CreateTopicsRequest, CreateTopicsResponse>(
                new CreateTopicsRequest { Topics = [new() { Name = "t", NumPartitions = 1, ReplicationFactor = 1 }] }, 5);
            await before.ProduceAsync("t", WireCalls.Batch(7));
        }

        await broker.RestartAsync();

        Assert.Equal(port, broker.Server.Port);
        await using WireConnection after = await broker.ConnectAsync();
        Assert.Equal(7, WireCalls.Offsets((await after.FetchAsync(WireCalls.Fetch("t", 0))).Records).Count);
        Assert.Equal(7, (await after.ProduceAsync("t", WireCalls.Batch())).BaseOffset);
    }

    [Fact]
    public async Task A_taken_port_is_told_in_words()
    {
        await using TestBroker broker = await TestBroker.StartAsync();

        ServerStartException taken = await Assert.ThrowsAsync<ServerStartException>(
            () => LogQueueServer.StartAsync(new ServerOptions { Port = broker.Server.Port }, broker.Engine));
        ServerStartException unknown = await Assert.ThrowsAsync<ServerStartException>(
            () => LogQueueServer.StartAsync(new ServerOptions { Host = "203.0.113.7", Port = 0 }, broker.Engine));

        Assert.Contains("the port is taken", taken.Message, StringComparison.Ordinal);
        Assert.Contains("no such address", unknown.Message, StringComparison.Ordinal);
    }

    private static async Task AssertServesAsync(WireConnection connection) => Assert.NotEmpty(
        (await connection.CallAsync<MetadataRequest, MetadataResponse>(new MetadataRequest { Topics = [] }, 9)).Brokers);
}
