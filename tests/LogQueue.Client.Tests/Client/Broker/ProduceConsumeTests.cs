using LogQueue.Records;

namespace LogQueue.Client.Tests.Client.Broker;

public sealed class ProduceConsumeTests(BrokerFixture broker) : BrokerTest(broker)
{
    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public async Task What_goes_in_comes_out_with_every_codec(CompressionType codec)
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client, 3);
        await using Producer producer = client.CreateProducer(new ProducerOptions { Compression = codec, BatchBytes = 4096 });
        var sends = new List<Task<RecordMetadata>>();
        for (int i = 0; i < 2000; i++)
        {
            sends.Add(producer.SendAsync(new OutgoingRecord(topic, Bytes($"key-{i % 50}"), Bytes($"value-{i}")), Deadline).AsTask());
        }

        RecordMetadata[] places = await Task.WhenAll(sends);
        List<ConsumedRecord> read = await ReadAllAsync(client, topic);
        Assert.Equal(2000, read.Count);
        Dictionary<(int, long), ConsumedRecord> byPlace = read.ToDictionary(static r => (r.Partition, r.Offset));
        for (int i = 0; i < places.Length; i++)
        {
            ConsumedRecord record = byPlace[(places[i].Partition.Partition, places[i].Offset)];
            Assert.Equal($"key-{i % 50}", record.KeyText);
            Assert.Equal($"value-{i}", record.ValueText);
        }

        foreach (IGrouping<string?, ConsumedRecord> key in read.GroupBy(static r => r.KeyText))
        {
            Assert.Single(key.Select(static r => r.Partition).Distinct());
            int[] numbers = [.. key.Select(static r => int.Parse(r.ValueText![6..], System.Globalization.CultureInfo.InvariantCulture))];
            Assert.Equal(numbers.Order(), numbers);
        }
    }

    [Fact]
    public async Task Null_is_not_empty_and_headers_keep_order_and_duplicates()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client);
        await using Producer producer = client.CreateProducer();
        RecordHeader[] headers = [new("a", Bytes("1")), new("b", null), new("a", ReadOnlyMemory<byte>.Empty)];
        DateTimeOffset time = DateTimeOffset.FromUnixTimeMilliseconds(1_600_000_000_123);
        RecordMetadata first = await producer.SendAsync(new OutgoingRecord(topic, null, null) { Headers = headers, Timestamp = time }, Deadline);
        await producer.SendAsync(new OutgoingRecord(topic, ReadOnlyMemory<byte>.Empty, ReadOnlyMemory<byte>.Empty), Deadline);
        Assert.Equal(time, first.Timestamp);
        List<ConsumedRecord> read = await ReadAllAsync(client, topic);
        Assert.Equal(2, read.Count);
        Assert.Null(read[0].Key);
        Assert.Null(read[0].Value);
        Assert.Equal(time, read[0].Timestamp);
        Assert.Equal(["a", "b", "a"], read[0].Headers.Select(static h => h.Key));
        Assert.Equal("1"u8.ToArray(), read[0].Headers[0].Value!.Value.ToArray());
        Assert.Null(read[0].Headers[1].Value);
        Assert.Equal(0, read[0].Headers[2].Value!.Value.Length);
        Assert.Equal(0, read[1].Key!.Value.Length);
        Assert.Equal(0, read[1].Value!.Value.Length);
        Assert.Empty(read[1].Headers);
    }

    [Fact]
    public async Task A_topic_comes_into_being_with_its_first_record()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = BrokerFixture.NewName("auto");
        RecordMetadata place = await client.SendAsync(topic, "k", Bytes("v"), Deadline);
        Assert.Equal(0, place.Offset);
        await client.SendAsync(topic, null, Bytes("w"), Deadline);
        List<ConsumedRecord> read = await ReadAllAsync(client, topic);
        Assert.Equal(["k", null], read.Select(static r => r.KeyText));
    }

    [Fact]
    public async Task Large_records_pass_and_too_large_ones_are_refused()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client, 1, new Dictionary<string, string> { ["max.message.bytes"] = "6000000" });
        await using Producer producer = client.CreateProducer(new ProducerOptions { Compression = CompressionType.None });
        byte[] large = new byte[5_000_000];
        new Random(7).NextBytes(large);
        await producer.SendAsync(new OutgoingRecord(topic, null, large), Deadline);
        await producer.SendAsync(new OutgoingRecord(topic, null, Bytes("small")), Deadline);
        KafkaException error = await Assert.ThrowsAsync<KafkaException>(
            async () => await producer.SendAsync(new OutgoingRecord(topic, null, new byte[7_000_000]), Deadline));
        Assert.Equal(LogQueue.Protocol.ErrorCode.MessageTooLarge, error.ErrorCode);
        Assert.NotNull(error.Hint);
        List<ConsumedRecord> read = await ReadAllAsync(client, topic);
        Assert.Equal(large, read[0].Value!.Value.ToArray());
        Assert.Equal("small", read[1].ValueText);
    }

    [Theory]
    [InlineData(Acks.None)]
    [InlineData(Acks.Leader)]
    public async Task Weaker_acknowledgements_store_too(Acks acks)
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client);
        await using (Producer producer = client.CreateProducer(new ProducerOptions { Acks = acks }))
        {
            RecordMetadata place = await producer.SendAsync(new OutgoingRecord(topic, null, Bytes("x")), Deadline);
            Assert.Equal(acks == Acks.None ? -1 : 0, place.Offset);
        }

        List<ConsumedRecord> read = [];
        while (read.Count == 0)
        {
            read = await ReadAllAsync(client, topic);
        }

        Assert.Equal("x", Assert.Single(read).ValueText);
    }

    [Fact]
    public async Task A_linger_gathers_records_of_slow_callers()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client);
        await using Producer producer = client.CreateProducer(new ProducerOptions { Linger = TimeSpan.FromMilliseconds(100) });
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => producer.SendAsync(new OutgoingRecord(topic, null, Bytes($"{i}")), Deadline).AsTask()));
        Assert.InRange(producer.Statistics.BatchesSent, 1, 5);
    }

    [Fact]
    public async Task Little_memory_holds_the_caller_back_and_loses_nothing()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client);
        await using Producer producer = client.CreateProducer(new ProducerOptions { BatchBytes = 4096, BufferMemoryBytes = 16 * 1024 });
        var sends = new List<Task<RecordMetadata>>();
        for (int i = 0; i < 5000; i++)
        {
            sends.Add(producer.SendAsync(new OutgoingRecord(topic, Bytes("k"), Bytes($"{i}")), Deadline).AsTask());
        }

        RecordMetadata[] places = await Task.WhenAll(sends);
        Assert.Equal(Enumerable.Range(0, 5000).Select(static i => (long)i), places.Select(static p => p.Offset));
        Assert.Equal(0, producer.Statistics.BufferedBytes);
    }

    [Fact]
    public async Task Records_without_key_spread_over_partitions()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client, 4);
        await using Producer producer = client.CreateProducer();
        for (int i = 0; i < 2000; i++)
        {
            await producer.EnqueueAsync(new OutgoingRecord(topic, null, new byte[200]), Deadline);
        }

        await producer.FlushAsync(Deadline);
        IReadOnlyList<LogQueue.Client.Admin.TopicDescription> topics = await client.Admin.DescribeTopicsAsync([topic], Deadline);
        Assert.All(topics[0].Partitions, static p => Assert.InRange(p.EndOffset, 100, 1500));
    }

    [Fact]
    public async Task A_wrong_partition_or_topic_name_is_an_error_at_once()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client, 2);
        await using Producer producer = client.CreateProducer();
        await producer.SendAsync(new OutgoingRecord(topic, null, Bytes("x")), Deadline);
        await Assert.ThrowsAsync<KafkaException>(async () => await producer.SendAsync(new OutgoingRecord(topic, null, null) { Partition = 2 }, Deadline));
        KafkaException error = await Assert.ThrowsAsync<KafkaException>(
            async () => await producer.SendAsync(new OutgoingRecord("not/a/topic", null, Bytes("x")), Deadline));
        Assert.Equal(LogQueue.Protocol.ErrorCode.InvalidTopicException, error.ErrorCode);
    }
}
