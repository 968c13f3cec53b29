using System.Buffers.Binary;
using System.Text;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.TestKit;

namespace LogQueue.Server.Tests.Server.Transport;

/// <summary>Bytes that are no request close their connection, and harm nothing else.</summary>
[Collection(AloneCollection.Name)]
public sealed class MalformedFrameTests(BrokerFixture fixture) : IClassFixture<BrokerFixture>
{
    private static readonly byte[] Scratch = new byte[64 * 1024];

    private static int Count => Environment.GetEnvironmentVariable("LOGQUEUE_LONG") == "1" ? 100_000 : 3_000;

    public static TheoryData<string> Openings =>
    [
        "474554202f20485454502f312e310d0a0d0a",
        "16030100c8010000c40303",
        "ffffffff00000000",
        "0000000000000000",
        "0000000700000000000000",
        "7fffffff0012000300000001",
        "00000008" + "7fff0000" + "00000001",
        "00000008" + "00030063" + "00000001",
        "0000000a" + "00030009" + "00000001" + "7fff",
        "00000010" + "00030009" + "00000001" + "0000" + "00" + "ffffffff0f",
    ];

    [Theory]
    [MemberData(nameof(Openings))]
    public async Task Bytes_that_are_no_request_close_the_connection(string hex)
    {
        await using WireConnection good = await fixture.Broker.ConnectAsync();
        await using WireConnection bad = await fixture.Broker.ConnectAsync();

        await bad.SendBytesAsync(Convert.FromHexString(hex));

        Assert.True(await bad.IsClosedAsync());
        await AssertServesAsync(good);
    }

    [Fact]
    public async Task Responses_before_the_bad_bytes_are_sent()
    {
        await using WireConnection connection = await fixture.Broker.ConnectAsync();

        int id = await connection.SendAsync(new MetadataRequest { Topics = [] }, 9);
        await connection.SendBytesAsync("GET / HTTP/1.1\r\n"u8.ToArray());

        Assert.NotEmpty((await connection.ReceiveAsync<MetadataResponse>(9, id)).Brokers);
        Assert.True(await connection.IsClosedAsync());
    }

    [Fact]
    public async Task A_request_that_arrives_byte_by_byte_is_served()
    {
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        byte[] request = WireConnection.Encode(new MetadataRequest { Topics = [] }, 9, 5, "slow");

        foreach (byte b in request)
        {
            await connection.SendBytesAsync(new[] { b });
        }

        Assert.NotEmpty((await connection.ReceiveAsync<MetadataResponse>(9, 5)).Brokers);
    }

    [Fact]
    public async Task Requests_of_all_sizes_are_put_together_rightly()
    {
        string topic = await fixture.NewTopicAsync(configs: new() { ["max.message.bytes"] = "20000000" });
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        int[] sizes = [1, 100, 4_000, 4_096, 5_000, 60_000, 70_000, 300_000, 3_000_000, 10, 1_200_000, 50_000, 1];
        var sent = new List<int>();
        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < sizes.Length * 3; i++)
            {
                byte[] batch = WireCalls.Batch(1, valueBytes: sizes[i % sizes.Length]);
                await connection.SendBytesAsync(WireConnection.Encode(WireCalls.Produce(topic, 0, batch), 9, i, "sizes"));
            }
        });

        for (int i = 0; i < sizes.Length * 3; i++)
        {
            ProduceResponse.PartitionProduceResponse response = (await connection.ReceiveAsync<ProduceResponse>(9, i)).Responses[0].PartitionResponses[0];
            Assert.Equal((ErrorCode.None, (long)i), (response.ErrorCode, response.BaseOffset));
        }

        await sending;
    }

    [Fact]
    public async Task Random_frames_harm_nobody()
    {
        var random = new Random(20261124);
        await BombardAsync(() =>
        {
            byte[] frame = new byte[4 + random.Next(8, 400)];
            random.NextBytes(frame);
            BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - 4);
            if (random.Next(4) != 0)
            {
                // Most shall get as far as a parser.
                BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(4), (short)random.Next(0, 93));
                BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(6), (short)random.Next(0, 14));
            }

            return frame;
        });
    }

    [Fact]
    public async Task Mutated_frames_harm_nobody()
    {
        var random = new Random(20261125);
        string topic = await fixture.NewTopicAsync();
        byte[][] good = await GoodFramesAsync(topic);
        await BombardAsync(() =>
        {
            byte[] frame = [.. good[random.Next(good.Length)]];
            for (int flips = random.Next(1, 6); flips > 0; flips--)
            {
                int at = random.Next(8, frame.Length);
                frame[at] = random.Next(3) switch
                {
                    0 => (byte)random.Next(256),
                    1 => 0xff,
                    _ => (byte)(frame[at] ^ (1 << random.Next(8))),
                };
            }

            return frame;
        });
    }

    private static async Task<byte[][]> GoodFramesAsync(string topic)
    {
        // Requests that wait are bounded, so that mutants do not park for long.
        await Task.CompletedTask;
        var frames = new List<byte[]>();
        for (short version = 3; version <= 12; version++)
        {
            frames.Add(WireConnection.Encode(WireCalls.Produce(topic, 0, WireCalls.Batch(5), acks: 1), version, 1, "fuzz"));
        }

        for (short version = 4; version <= 12; version++)
        {
            frames.Add(WireConnection.Encode(WireCalls.Fetch(topic, 0), version, 1, "fuzz"));
        }

        for (short version = 0; version <= 13; version++)
        {
            var metadata = new MetadataRequest
            {
                AllowAutoTopicCreation = version < 4,
                Topics = [new MetadataRequest.MetadataRequestTopic { Name = topic }, new MetadataRequest.MetadataRequestTopic { Name = "bad name" }],
            };
            frames.Add(WireConnection.Encode(metadata, version, 1, "fuzz"));
        }

        frames.Add(WireConnection.Encode(new ApiVersionsRequest { ClientSoftwareName = "fuzz", ClientSoftwareVersion = "1" }, 3, 1, "fuzz"));
        frames.Add(WireConnection.Encode(new FindCoordinatorRequest { CoordinatorKeys = ["a", "b"] }, 4, 1, "fuzz"));
        frames.Add(WireConnection.Encode(new DescribeConfigsRequest { Resources = [new() { ResourceType = 2, ResourceName = topic }] }, 4, 1, "fuzz"));
        return [.. frames];
    }

    private async Task BombardAsync(Func<byte[]> next)
    {
        await using WireConnection good = await fixture.Broker.ConnectAsync();
        await SendManyAsync(next, 200);
        long before = MemoryUse();
        await SendManyAsync(next, Count);

        Assert.InRange(MemoryUse() - before, long.MinValue, 100L << 20);
        await AssertServesAsync(good);
        for (int i = 0; fixture.Broker.Server.ConnectionCount > 1 && i < 200; i++)
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        Assert.InRange(fixture.Broker.Server.ConnectionCount, 0, 1);
    }

    // Every frame is seen by the server: after each the client waits for the answer or the close; a frame that does neither is a wait.
    private async Task SendManyAsync(Func<byte[]> next, int count)
    {
        int sent = 0;
        while (sent < count)
        {
            await using WireConnection connection = await fixture.Broker.ConnectAsync();
            try
            {
                do
                {
                    await connection.SendBytesAsync(next());
                    sent++;
                }
                while (sent < count && await IsAnsweredAsync(connection));
            }
            catch (System.Net.Sockets.SocketException)
            {
                // Closed while we sent: the next connection goes on.
            }
        }
    }

    private static async Task<bool> IsAnsweredAsync(WireConnection connection)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(50));
        try
        {
            return await connection.Socket.ReceiveAsync(Scratch, System.Net.Sockets.SocketFlags.None, patience.Token) > 0;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static long MemoryUse()
    {
        GC.Collect();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private static async Task AssertServesAsync(WireConnection connection)
    {
        MetadataResponse response = await connection.CallAsync<MetadataRequest, MetadataResponse>(new MetadataRequest { Topics = [] }, 9);
        Assert.Equal(1, Assert.Single(response.Brokers).NodeId);
        Assert.NotEqual(0, Encoding.UTF8.GetByteCount(response.ClusterId!));
    }
}
