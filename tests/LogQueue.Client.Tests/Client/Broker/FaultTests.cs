using System.Diagnostics;
using LogQueue.Protocol;
using LogQueue.TestKit.Faults;

namespace LogQueue.Client.Tests.Client.Broker;

public sealed class FaultTests(BrokerFixture broker) : BrokerTest(broker)
{
    [Fact]
    public async Task Retries_over_a_cutting_network_neither_lose_nor_double_nor_reorder()
    {
        (FaultProxy proxy, ClientOptions options) = Broker.Between();
        await using FaultProxy _ = proxy;
        await using LogQueueClient direct = Broker.Connect();
        await using LogQueueClient client = Broker.Connect(options with { RetryBackoff = TimeSpan.FromMilliseconds(5) });
        string topic = await CreateTopicAsync(direct, 2);
        await using Producer producer = client.CreateProducer(new ProducerOptions { BatchBytes = 2048 });
        await producer.SendAsync(new OutgoingRecord(topic, null, Bytes("first")) { Partition = 0 }, Deadline);
        await producer.SendAsync(new OutgoingRecord(topic, null, Bytes("first")) { Partition = 1 }, Deadline);
        var sends = new List<Task<RecordMetadata>>();
        var random = new Random(11);
        for (int i = 0; i < 6000; i++)
        {
            sends.Add(producer.SendAsync(new OutgoingRecord(topic, null, Bytes($"{i}")) { Partition = i & 1 }, Deadline).AsTask());
            if (i % 150 == 149)
            {
                // Mostly the answer is lost after the broker stored the batch.
                proxy.CutAfterAnswerBytes(random.Next(0, 120));
                await Task.Delay(5, Deadline);
            }
        }

        proxy.CutAfterAnswerBytes(long.MaxValue);
        RecordMetadata[] places = await Task.WhenAll(sends);
        Assert.True(producer.Statistics.BatchesRetried > 0, "the network was too good for this test");
        List<ConsumedRecord> read = await ReadAllAsync(direct, topic);
        Assert.Equal(6002, read.Count);
        for (int partition = 0; partition < 2; partition++)
        {
            Assert.Equal(
                Enumerable.Range(0, 3000).Select(i => $"{(i * 2) + partition}"),
                read.Where(r => r.Partition == partition).OrderBy(static r => r.Offset).Skip(1).Select(static r => r.ValueText!));
        }

        Assert.All(places.Select(static (place, i) => (place, i)), p => Assert.True(p.place.Offset == (p.i / 2) + 1 || p.place.Offset == -1, $"{p.i}: {p.place}"));
    }

    [Fact]
    public async Task A_consumer_goes_on_after_its_connections_were_cut()
    {
        (FaultProxy proxy, ClientOptions options) = Broker.Between();
        await using FaultProxy _ = proxy;
        await using LogQueueClient direct = Broker.Connect();
        await using LogQueueClient client = Broker.Connect(options);
        string topic = await CreateTopicAsync(direct);
        await FillAsync(direct, topic, 3000);
        await using Consumer consumer = client.CreateConsumer(new ConsumerOptions
        {
            Topics = [topic], Start = StartPosition.Beginning, StopAtEnd = true, FetchMaxPartitionBytes = 4096, PrefetchBytes = 4096,
        });
        long next = 0;
        await foreach (ConsumedRecord record in consumer.WithCancellation(Deadline))
        {
            Assert.Equal(next++, record.Offset);
            if (next % 500 == 0)
            {
                proxy.CutAll();
            }
        }

        Assert.Equal(3000, next);
    }

    [Fact]
    public async Task A_send_to_a_silent_broker_fails_after_its_delivery_time()
    {
        (FaultProxy proxy, ClientOptions options) = Broker.Between();
        await using FaultProxy _ = proxy;
        await using LogQueueClient client = Broker.Connect(options with { CloseTimeout = TimeSpan.FromSeconds(2) });
        string topic = BrokerFixture.NewName("silent");
        await using Producer producer = client.CreateProducer(new ProducerOptions { DeliveryTimeout = TimeSpan.FromSeconds(1) });
        await producer.SendAsync(new OutgoingRecord(topic, null, Bytes("x")), Deadline);
        proxy.IsSilent = true;
        var watch = Stopwatch.StartNew();
        KafkaException error = await Assert.ThrowsAsync<KafkaException>(async () => await producer.SendAsync(new OutgoingRecord(topic, null, Bytes("y")), Deadline));
        Assert.Equal(ErrorCode.RequestTimedOut, error.ErrorCode);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0.8, 4);
        Assert.Equal(1, producer.Statistics.RecordsFailed);
    }

    [Fact]
    public async Task Disposal_ends_in_time_when_the_broker_is_silent()
    {
        (FaultProxy proxy, ClientOptions options) = Broker.Between();
        await using FaultProxy _ = proxy;
        LogQueueClient client = Broker.Connect(options with { CloseTimeout = TimeSpan.FromSeconds(2) });
        string topic = BrokerFixture.NewName("silent");
        Producer producer = client.CreateProducer();
        await producer.SendAsync(new OutgoingRecord(topic, null, Bytes("x")), Deadline);
        Consumer consumer = client.CreateConsumer(new ConsumerOptions { Topics = [topic], Group = BrokerFixture.NewName("g"), Start = StartPosition.Beginning });
        Assert.Single(await TakeAsync(consumer, 1));
        proxy.IsSilent = true;
        Task<RecordMetadata> lost = producer.SendAsync(new OutgoingRecord(topic, null, Bytes("y")), Deadline).AsTask();
        Task reading = TakeAsync(consumer, 10);
        var watch = Stopwatch.StartNew();
        await client.DisposeAsync();
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 3);
        await Assert.ThrowsAsync<KafkaException>(() => lost);
        await reading.WaitAsync(TimeSpan.FromSeconds(2), Deadline);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await producer.SendAsync(new OutgoingRecord(topic, null, null), Deadline));
    }

    [Fact]
    public async Task A_broker_that_is_not_there_is_named_in_the_error()
    {
        await using LogQueueClient client = LogQueueClient.Connect("127.0.0.1:1", BrokerFixture.Quick with { OperationTimeout = TimeSpan.FromMilliseconds(300) });
        KafkaException error = await Assert.ThrowsAsync<KafkaException>(() => client.Admin.ClusterAsync(Deadline));
        Assert.Equal(ErrorCode.NetworkException, error.ErrorCode);
        Assert.Contains("127.0.0.1:1", error.Message, StringComparison.Ordinal);
        Assert.NotNull(error.Hint);
    }

    [Fact]
    public async Task A_member_that_the_network_cut_off_comes_back()
    {
        (FaultProxy proxy, ClientOptions options) = Broker.Between();
        await using FaultProxy _ = proxy;
        await using LogQueueClient direct = Broker.Connect();
        await using LogQueueClient client = Broker.Connect(options);
        string topic = await CreateTopicAsync(direct, 2);
        await FillAsync(direct, topic, 100, partition: null);
        await using Consumer consumer = client.CreateConsumer(new ConsumerOptions
        {
            Topics = [topic],
            Group = BrokerFixture.NewName("g"),
            Start = StartPosition.Beginning,
            HeartbeatInterval = TimeSpan.FromMilliseconds(100),
        });
        Assert.Equal(100, (await TakeAsync(consumer, 100)).Count);
        for (int i = 0; i < 3; i++)
        {
            proxy.CutAll();
            await Task.Delay(150, Deadline);
        }

        await FillAsync(direct, topic, 1, first: 100);
        Assert.Equal("value-100", (await TakeAsync(consumer, 1))[0].ValueText);
    }

    [Fact]
    public async Task Reading_a_topic_that_is_deleted_ends_with_a_clear_error()
    {
        await using LogQueueClient client = Broker.Connect(BrokerFixture.Quick with { TopicPatience = TimeSpan.FromMilliseconds(300) });
        string topic = await CreateTopicAsync(client);
        await FillAsync(client, topic, 3);
        await using Consumer consumer = client.CreateConsumer(new ConsumerOptions { Topics = [topic], Start = StartPosition.Beginning });
        Assert.Equal(3, (await TakeAsync(consumer, 3)).Count);
        Task reading = TakeAsync(consumer, 5);
        await client.Admin.DeleteTopicAsync(topic, Deadline);
        KafkaException error = await Assert.ThrowsAsync<KafkaException>(() => reading.WaitAsync(TimeSpan.FromSeconds(15), Deadline));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, error.ErrorCode);
        Assert.Contains(topic, error.Message, StringComparison.Ordinal);
        Assert.Contains("deleted", error.Message, StringComparison.Ordinal);
    }
}
