using LogQueue.Engine.Topics;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Records;
using LogQueue.TestKit;
using LogQueue.Wire;

namespace LogQueue.Server.Tests.Server.Handlers;

public sealed class ProduceHandlerTests(BrokerFixture fixture) : IClassFixture<BrokerFixture>
{
    public static TheoryData<short> Versions => WireCalls.Versions(3, 13);

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Every_version_appends_and_tells_where(short version)
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        ProduceRequest request = WireCalls.Produce(topic, 0, WireCalls.Batch(3));
        if (version >= 13)
        {
            Assert.True(fixture.Broker.Engine.TryGetTopic(topic, out Topic? created));
            request.TopicData[0].TopicId = created.Id;
        }

        await connection.CallAsync<ProduceRequest, ProduceResponse>(request, version);
        ProduceResponse second = await connection.CallAsync<ProduceRequest, ProduceResponse>(request, version);

        ProduceResponse.PartitionProduceResponse partition = second.Responses[0].PartitionResponses[0];
        Assert.Equal(ErrorCode.None, partition.ErrorCode);
        Assert.Equal(3, partition.BaseOffset);
        Assert.Equal(-1, partition.LogAppendTimeMs);
        Assert.Equal(version >= 5 ? 0 : -1, partition.LogStartOffset);
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public async Task Batches_of_every_codec_come_back_as_they_were(CompressionType codec)
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        byte[] batch = WireCalls.Batch(50, compression: codec);

        await connection.ProduceAsync(topic, batch);
        FetchResponse.PartitionData data = await connection.FetchAsync(WireCalls.Fetch(topic, 0));

        // Offset and leader epoch are stamped; everything that the checksum covers is untouched.
        Assert.Equal(batch[RecordBatchLayout.CrcPosition..], data.Records.Memory[RecordBatchLayout.CrcPosition..].ToArray());
        Assert.Equal(Enumerable.Range(0, 50).Select(static i => (long)i), WireCalls.Offsets(data.Records));
    }

    [Fact]
    public async Task Acks_1_is_answered_after_the_sync_while_the_disk_is_far_behind()
    {
        // Nothing is synced before somebody waits for it.
        await using TestBroker broker = await TestBroker.StartAsync(engine: static o => o with { FlushIntervalMs = 600_000, FlushBytes = 1 << 30 });
        await broker.Engine.CreateTopicAsync("t", cancellationToken: TestContext.Current.CancellationToken);
        await using WireConnection connection = await broker.ConnectAsync();
        byte[] batch = WireCalls.Batch(1, valueBytes: 500_000);
        for (int i = 0; i < 40; i++)
        {
            Assert.Equal(ErrorCode.None, (await connection.ProduceAsync("t", batch, acks: 1)).ErrorCode);
        }

        Assert.True(broker.Engine.TryGetTopic("t", out Topic? topic));
        Assert.InRange(topic.Partitions[0].HighWatermark, 40 - 18, 40); // readers see what is durable: all but 9 MB
    }

    [Fact]
    public async Task Acks_0_has_no_response_and_appends()
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();

        await connection.SendAsync(WireCalls.Produce(topic, 0, WireCalls.Batch(2), acks: 0), 9);
        ProduceResponse.PartitionProduceResponse next = await connection.ProduceAsync(topic, WireCalls.Batch(1), acks: 1);

        Assert.Equal(2, next.BaseOffset);
    }

    [Fact]
    public async Task Acks_0_that_fails_closes_the_connection()
    {
        await using WireConnection connection = await fixture.Broker.ConnectAsync();

        await connection.SendAsync(WireCalls.Produce(BrokerFixture.NewName(), 0, WireCalls.Batch(), acks: 0), 9);

        Assert.True(await connection.IsClosedAsync());
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-2)]
    public async Task Other_acks_are_refused(short acks)
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();

        Assert.Equal(ErrorCode.InvalidRequiredAcks, (await connection.ProduceAsync(topic, WireCalls.Batch(), acks)).ErrorCode);
    }

    [Fact]
    public async Task Errors_are_told_per_partition()
    {
        string topic = await fixture.NewTopicAsync(2);
        byte[] corrupt = WireCalls.Batch();
        corrupt[^1] ^= 1;
        var request = new ProduceRequest
        {
            Acks = -1,
            TopicData =
            [
                new ProduceRequest.TopicProduceData
                {
                    Name = topic,
                    PartitionData =
                    [
                        new ProduceRequest.PartitionProduceData { Index = 0, Records = new RecordSet(corrupt) },
                        new ProduceRequest.PartitionProduceData { Index = 1, Records = new RecordSet(WireCalls.Batch()) },
                        new ProduceRequest.PartitionProduceData { Index = 2, Records = new RecordSet(WireCalls.Batch()) },
                        new ProduceRequest.PartitionProduceData { Index = 0, Records = RecordSet.Null },
                    ],
                },
                new ProduceRequest.TopicProduceData
                {
                    Name = "no-such-topic",
                    PartitionData = [new ProduceRequest.PartitionProduceData { Index = 0, Records = new RecordSet(WireCalls.Batch()) }],
                },
            ],
        };
        await using WireConnection connection = await fixture.Broker.ConnectAsync();

        ProduceResponse response = await connection.CallAsync<ProduceRequest, ProduceResponse>(request, 9);

        Assert.Equal(
            [ErrorCode.CorruptMessage, ErrorCode.None, ErrorCode.UnknownTopicOrPartition, ErrorCode.InvalidRecord],
            response.Responses[0].PartitionResponses.Select(static p => p.ErrorCode));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, response.Responses[1].PartitionResponses[0].ErrorCode);
        Assert.Equal(-1, response.Responses[0].PartitionResponses[0].BaseOffset);
    }

    [Fact]
    public async Task Two_batches_in_one_partition_are_refused()
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();

        Assert.Equal(ErrorCode.InvalidRecord, (await connection.ProduceAsync(topic, (byte[])[.. WireCalls.Batch(), .. WireCalls.Batch()])).ErrorCode);
        Assert.Equal(ErrorCode.CorruptMessage, (await connection.ProduceAsync(topic, WireCalls.Batch().AsMemory(0, 70))).ErrorCode);
    }

    [Fact]
    public async Task A_batch_over_the_topics_limit_is_too_large()
    {
        string topic = await fixture.NewTopicAsync(configs: new() { ["max.message.bytes"] = "2000" });
        await using WireConnection connection = await fixture.Broker.ConnectAsync();

        Assert.Equal(ErrorCode.MessageTooLarge, (await connection.ProduceAsync(topic, WireCalls.Batch(valueBytes: 3000))).ErrorCode);
        Assert.Equal(ErrorCode.None, (await connection.ProduceAsync(topic, WireCalls.Batch(valueBytes: 1000))).ErrorCode);
    }

    [Fact]
    public async Task Zstd_needs_version_7()
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        byte[] batch = WireCalls.Batch(5, compression: CompressionType.Zstd);

        Assert.Equal(ErrorCode.UnsupportedCompressionType, (await connection.ProduceAsync(topic, batch, version: 6)).ErrorCode);
        Assert.Equal(ErrorCode.None, (await connection.ProduceAsync(topic, batch, version: 7)).ErrorCode);
    }

    [Fact]
    public async Task Timestamps_far_ahead_are_refused()
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        long tomorrow = TimeProvider.System.GetUtcNow().AddDays(1).ToUnixTimeMilliseconds();

        Assert.Equal(ErrorCode.InvalidTimestamp, (await connection.ProduceAsync(topic, WireCalls.Batch(timestampMs: tomorrow))).ErrorCode);
        Assert.Equal(ErrorCode.None, (await connection.ProduceAsync(topic, WireCalls.Batch(timestampMs: 0))).ErrorCode);
    }

    [Fact]
    public async Task LogAppendTime_stamps_the_brokers_clock()
    {
        string topic = await fixture.NewTopicAsync(configs: new() { ["message.timestamp.type"] = "LogAppendTime" });
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        long before = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

        ProduceResponse.PartitionProduceResponse response = await connection.ProduceAsync(topic, WireCalls.Batch(timestampMs: 5));

        Assert.InRange(response.LogAppendTimeMs, before, before + 60_000);
    }

    [Fact]
    public async Task A_compacted_topic_tells_which_records_lack_a_key()
    {
        string topic = await fixture.NewTopicAsync(configs: new() { ["cleanup.policy"] = "compact" });
        await using WireConnection connection = await fixture.Broker.ConnectAsync();

        ProduceResponse.PartitionProduceResponse refused = await connection.ProduceAsync(topic, WireCalls.Batch(3, keys: false));

        Assert.Equal(ErrorCode.InvalidRecord, refused.ErrorCode);
        Assert.Equal([0, 1, 2], refused.RecordErrors.Select(static e => e.BatchIndex));
        Assert.Equal(ErrorCode.None, (await connection.ProduceAsync(topic, WireCalls.Batch(3))).ErrorCode);
    }

    [Fact]
    public async Task A_repeated_idempotent_batch_gets_its_first_offset()
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        InitProducerIdResponse producer = await connection.CallAsync<InitProducerIdRequest, InitProducerIdResponse>(
            new InitProducerIdRequest { TransactionalId = null, TransactionTimeoutMs = 60_000 }, 4);
        byte[] First(int sequence, int count) => WireCalls.Batch(count, producerId: producer.ProducerId, producerEpoch: 0, baseSequence: sequence);

        ProduceResponse.PartitionProduceResponse first = await connection.ProduceAsync(topic, First(0, 2));
        Assert.Equal((ErrorCode.None, 0L, null), (first.ErrorCode, first.BaseOffset, first.ErrorMessage));
        Assert.Equal(2, (await connection.ProduceAsync(topic, First(2, 3))).BaseOffset);
        ProduceResponse.PartitionProduceResponse again = await connection.ProduceAsync(topic, First(0, 2));

        Assert.Equal((ErrorCode.None, 0L), (again.ErrorCode, again.BaseOffset));
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, (await connection.ProduceAsync(topic, First(9, 1))).ErrorCode);
        Assert.Equal(5, (await connection.ProduceAsync(topic, First(5, 1))).BaseOffset);
    }

    [Fact]
    public async Task Pipelined_requests_append_in_their_order()
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        var sent = new List<int>();
        for (int i = 0; i < 300; i++)
        {
            sent.Add(await connection.SendAsync(WireCalls.Produce(topic, 0, WireCalls.Batch(), acks: (short)(i % 3 == 0 ? 1 : -1)), 9));
        }

        for (int i = 0; i < sent.Count; i++)
        {
            ProduceResponse response = await connection.ReceiveAsync<ProduceResponse>(9, sent[i]);
            Assert.Equal(i, response.Responses[0].PartitionResponses[0].BaseOffset);
        }
    }

    [Fact]
    public async Task Own_topics_of_the_broker_and_transactions_are_refused()
    {
        string topic = await fixture.NewTopicAsync();
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions { ProducerId = 7, ProducerEpoch = 0, BaseSequence = 0, IsTransactional = true });
        builder.TryAppend(0, "k"u8, "v"u8);

        Assert.Equal(ErrorCode.InvalidTxnState, (await connection.ProduceAsync(topic, builder.Build())).ErrorCode);
    }

    [Fact]
    public async Task An_unknown_topic_id_is_told()
    {
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        ProduceRequest request = WireCalls.Produce("", 0, WireCalls.Batch());
        request.TopicData[0].TopicId = Guid.NewGuid();

        ProduceResponse response = await connection.CallAsync<ProduceRequest, ProduceResponse>(request, 13);

        Assert.Equal(ErrorCode.UnknownTopicId, response.Responses[0].PartitionResponses[0].ErrorCode);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Versions_that_are_advertised_and_not_served_close_the_connection(short version)
    {
        await using WireConnection connection = await fixture.Broker.ConnectAsync();
        byte[] request = WireConnection.Encode(WireCalls.Produce("x", 0, WireCalls.Batch()), 3, 1, "c");
        request[7] = (byte)version;

        await connection.SendBytesAsync(request);

        Assert.True(await connection.IsClosedAsync());
    }
}
