using LogQueue.Engine.Topics;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.TestKit;

namespace LogQueue.Server.Tests.Server.Handlers;

public sealed class FetchHandlerTests(BrokerFixture fixture) : IClassFixture<BrokerFixture>
{
    public static TheoryData<short> Versions => WireCalls.Versions(4, 18);

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Every_version_reads_what_was_produced(short version)
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        await connection.ProduceAsync(topic, WireCalls.Batch(3));
        await connection.ProduceAsync(topic, WireCalls.Batch(2));
        FetchRequest request = WireCalls.Fetch(topic, 0);
        if (version >= 13)
        {
            Assert.True(fixture.Broker.Engine.TryGetTopic(topic, out Topic? created));
            request.Topics[0].TopicId = created.Id;
        }

        FetchResponse.PartitionData data = await connection.FetchAsync(request, version);

        Assert.Equal(ErrorCode.None, data.ErrorCode);
        Assert.Equal([0, 1, 2, 3, 4], WireCalls.Offsets(data.Records));
        Assert.Equal((5, 5), (data.HighWatermark, data.LastStableOffset));
        Assert.Null(data.AbortedTransactions);
        Assert.Equal(-1, data.PreferredReadReplica);
    }

    [Fact]
    public async Task An_offset_inside_a_batch_gets_the_whole_batch()
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        await connection.ProduceAsync(topic, WireCalls.Batch(5));

        Assert.Equal([0, 1, 2, 3, 4], WireCalls.Offsets((await connection.FetchAsync(WireCalls.Fetch(topic, 3))).Records));
    }

    [Fact]
    public async Task The_end_is_an_empty_set_and_beyond_it_an_error()
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        await connection.ProduceAsync(topic, WireCalls.Batch(2));

        FetchResponse.PartitionData end = await connection.FetchAsync(WireCalls.Fetch(topic, 2));
        FetchResponse.PartitionData beyond = await connection.FetchAsync(WireCalls.Fetch(topic, 3, maxWaitMs: 10_000));

        Assert.Equal(ErrorCode.None, end.ErrorCode);
        Assert.False(end.Records.IsNull);
        Assert.Equal(0, end.Records.LengthBytes);
        Assert.Equal(ErrorCode.OffsetOutOfRange, beyond.ErrorCode);
        Assert.Equal((-1, -1), (beyond.HighWatermark, beyond.LogStartOffset));
        Assert.False(beyond.Records.IsNull);
    }

    [Fact]
    public async Task A_long_poll_wakes_on_an_append()
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection reader = await fixture.Broker.ConnectAsync();
        await using WireConnection writer = await fixture.Broker.ConnectAsync();
        long started = TimeProvider.System.GetTimestamp();

        Task<FetchResponse.PartitionData> poll = reader.FetchAsync(WireCalls.Fetch(topic, 0, maxWaitMs: 15_000));
        await Task.Delay(100, TestContext.Current.CancellationToken);
        Assert.False(poll.IsCompleted);
        await writer.ProduceAsync(topic, WireCalls.Batch(1), acks: 1);

        Assert.Equal([0], WireCalls.Offsets((await poll).Records));
        Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_long_poll_ends_after_its_time()
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        long started = TimeProvider.System.GetTimestamp();

        FetchResponse.PartitionData data = await connection.FetchAsync(WireCalls.Fetch(topic, 0, maxWaitMs: 300));

        Assert.Equal(0, data.Records.LengthBytes);
        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_long_poll_waits_for_min_bytes()
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection reader = await fixture.Broker.ConnectAsync();
        await using WireConnection writer = await fixture.Broker.ConnectAsync();
        await writer.ProduceAsync(topic, WireCalls.Batch(valueBytes: 1000));

        Task<FetchResponse.PartitionData> poll = reader.FetchAsync(WireCalls.Fetch(topic, 0, maxWaitMs: 15_000, minBytes: 2500));
        await writer.ProduceAsync(topic, WireCalls.Batch(valueBytes: 1000));
        await Task.Delay(100, TestContext.Current.CancellationToken);
        Assert.False(poll.IsCompleted);
        await writer.ProduceAsync(topic, WireCalls.Batch(valueBytes: 1000));

        Assert.Equal([0, 1, 2], WireCalls.Offsets((await poll).Records));
    }

    [Fact]
    public async Task Limits_hold_except_for_the_first_batch()
    {
        string topic = await fixture.NewTopicAsync(2);
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        for (int i = 0; i < 4; i++)
        {
            await connection.ProduceAsync(topic, WireCalls.Batch(valueBytes: 1000));
            await connection.ProduceAsync(topic, WireCalls.Batch(valueBytes: 1000), partition: 1);
        }

        FetchRequest both = WireCalls.Fetch(topic, 0, maxBytes: 2500);
        both.Topics[0].Partitions =
        [
            .. both.Topics[0].Partitions,
            new FetchRequest.FetchPartition { Partition = 1, FetchOffset = 0, PartitionMaxBytes = 1 << 20 },
        ];
        FetchResponse response = await connection.CallAsync<FetchRequest, FetchResponse>(both, 12);

        Assert.Single(WireCalls.Offsets((await connection.FetchAsync(WireCalls.Fetch(topic, 0, partitionMaxBytes: 10))).Records));
        Assert.Single(WireCalls.Offsets((await connection.FetchAsync(WireCalls.Fetch(topic, 0, maxBytes: 10))).Records));
        Assert.Equal(2, WireCalls.Offsets((await connection.FetchAsync(WireCalls.Fetch(topic, 0, partitionMaxBytes: 2500))).Records).Count);
        Assert.Equal(2, WireCalls.Offsets(response.Responses[0].Partitions[0].Records).Count);
        Assert.Equal(0, response.Responses[0].Partitions[1].Records.LengthBytes);
        Assert.Equal(4, response.Responses[0].Partitions[1].HighWatermark);
    }

    [Fact]
    public async Task Batches_larger_than_the_index_interval_fill_an_answer()
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        for (int i = 0; i < 20; i++)
        {
            await connection.ProduceAsync(topic, WireCalls.Batch(1, valueBytes: 16_000));
        }

        Assert.Equal(6, WireCalls.Offsets((await connection.FetchAsync(WireCalls.Fetch(topic, 0, partitionMaxBytes: 100_000))).Records).Count);
        Assert.Equal([5, 6, 7], WireCalls.Offsets((await connection.FetchAsync(WireCalls.Fetch(topic, 5, partitionMaxBytes: 50_000))).Records));
    }

    [Fact]
    public async Task Large_answers_arrive_unharmed()
    {
        // Larger than what is copied, so that it goes from the file to the socket.
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        for (int i = 0; i < 40; i++)
        {
            await connection.ProduceAsync(topic, WireCalls.Batch(100, valueBytes: 1000));
        }

        FetchResponse.PartitionData data = await connection.FetchAsync(WireCalls.Fetch(topic, 0, partitionMaxBytes: 50 << 20));

        Assert.Equal(Enumerable.Range(0, 4000).Select(static i => (long)i), WireCalls.Offsets(data.Records));
    }

    [Fact]
    public async Task Errors_are_told_per_partition_and_at_once()
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        FetchRequest byId = WireCalls.Fetch("", 0, maxWaitMs: 15_000);
        byId.Topics[0].TopicId = Guid.NewGuid();
        FetchRequest stale = WireCalls.Fetch(topic, 0, maxWaitMs: 15_000);
        stale.Topics[0].Partitions[0].CurrentLeaderEpoch = 5;

        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await connection.FetchAsync(WireCalls.Fetch("none", 0, maxWaitMs: 15_000))).ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await connection.FetchAsync(WireCalls.Fetch(topic, 0, partition: 1, maxWaitMs: 15_000))).ErrorCode);
        Assert.Equal(ErrorCode.UnknownTopicId, (await connection.FetchAsync(byId, 13)).ErrorCode);
        Assert.Equal(ErrorCode.UnknownLeaderEpoch, (await connection.FetchAsync(stale)).ErrorCode);
    }

    [Fact]
    public async Task Read_committed_has_a_list_of_aborted_transactions()
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        await connection.ProduceAsync(topic, WireCalls.Batch(2));

        FetchResponse.PartitionData data = await connection.FetchAsync(WireCalls.Fetch(topic, 0, isolation: 1));

        Assert.Equal([0, 1], WireCalls.Offsets(data.Records));
        Assert.NotNull(data.AbortedTransactions);
        Assert.Empty(data.AbortedTransactions);
    }

    [Fact]
    public async Task Sessions_are_declined()
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        FetchRequest first = WireCalls.Fetch(topic, 0);
        first.SessionEpoch = 0;
        FetchRequest unknown = WireCalls.Fetch(topic, 0);
        unknown.SessionId = 42;

        Assert.Equal(0, (await connection.CallAsync<FetchRequest, FetchResponse>(first, 12)).SessionId);
        Assert.Equal(ErrorCode.FetchSessionIdNotFound, (await connection.CallAsync<FetchRequest, FetchResponse>(unknown, 12)).ErrorCode);
    }

    [Fact]
    public async Task A_parked_fetch_does_not_block_what_follows_it()
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();

        int fetch = await connection.SendAsync(WireCalls.Fetch(topic, 0, maxWaitMs: 15_000), 12);
        int produce = await connection.SendAsync(WireCalls.Produce(topic, 0, WireCalls.Batch(4)), 9);

        FetchResponse fetched = await connection.ReceiveAsync<FetchResponse>(12, fetch);
        ProduceResponse produced = await connection.ReceiveAsync<ProduceResponse>(9, produce);
        Assert.Equal([0, 1, 2, 3], WireCalls.Offsets(fetched.Responses[0].Partitions[0].Records));
        Assert.Equal(0, produced.Responses[0].PartitionResponses[0].BaseOffset);
    }

    [Fact]
    public async Task Stopping_the_server_answers_long_polls()
    {
        await using TestBroker broker = await TestBroker.StartAsync();
        await broker.Engine.CreateTopicAsync("t");
        await using WireConnection connection = await broker.ConnectAsync();
        Task<FetchResponse.PartitionData> poll = connection.FetchAsync(WireCalls.Fetch("t", 0, maxWaitMs: 60_000));
        await Task.Delay(100, TestContext.Current.CancellationToken);

        await broker.Server.StopAsync(TimeSpan.FromSeconds(10));

        Assert.Equal(0, (await poll).Records.LengthBytes);
        Assert.True(await connection.IsClosedAsync());
    }
}
