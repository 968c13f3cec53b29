using LogQueue.Records;

namespace LogQueue.Client.Tests.Client.Broker;

public sealed class ConsumerControlTests(BrokerFixture broker) : BrokerTest(broker)
{
    [Fact]
    public async Task Reading_starts_where_it_is_told_to()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client);
        await using (Producer producer = client.CreateProducer())
        {
            for (int i = 0; i < 100; i++)
            {
                var time = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000 + (i * 1000));
                await producer.EnqueueAsync(new OutgoingRecord(topic, null, Bytes($"{i}")) { Timestamp = time }, Deadline);
            }

            await producer.FlushAsync(Deadline);
        }

        async Task<string?> FirstAsync(StartPosition start) =>
            (await ReadAllAsync(client, topic, o => o with { Start = start })).FirstOrDefault()?.ValueText;

        Assert.Equal("0", await FirstAsync(StartPosition.Beginning));
        Assert.Equal("42", await FirstAsync(StartPosition.Offset(42)));
        Assert.Equal("90", await FirstAsync(StartPosition.FromEnd(10)));
        Assert.Equal("0", await FirstAsync(StartPosition.FromEnd(1000)));
        Assert.Equal("18", await FirstAsync(StartPosition.Timestamp(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_017_500))));
        Assert.Null(await FirstAsync(StartPosition.Timestamp(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_999_000))));
        Assert.Null(await FirstAsync(StartPosition.End));
    }

    [Fact]
    public async Task From_the_end_only_new_records_come()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client);
        await FillAsync(client, topic, 10);
        await using Consumer consumer = client.CreateConsumer(new ConsumerOptions { Topics = [topic], Start = StartPosition.End });
        Task<List<ConsumedRecord>> reading = TakeAsync(consumer, 5);
        await UntilAsync(() => consumer.Assignment.Count == 1 && consumer.Position(Part(topic, 0)) == 10, "the end was found");
        await FillAsync(client, topic, 5, first: 10);
        Assert.Equal(["value-10", "value-11", "value-12", "value-13", "value-14"], (await reading).Select(static r => r.ValueText));
    }

    [Fact]
    public async Task Seek_goes_back_and_forth_and_reading_resumes_after_a_break()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client);
        await FillAsync(client, topic, 1000);
        await using Consumer consumer = client.CreateConsumer(new ConsumerOptions { Partitions = [Part(topic, 0)], Start = StartPosition.Beginning });
        Assert.Equal("value-2", (await TakeAsync(consumer, 3))[^1].ValueText);
        Assert.Equal("value-3", (await TakeAsync(consumer, 1))[0].ValueText);
        consumer.Seek(Part(topic, 0), 500);
        Assert.Equal(500, consumer.Position(Part(topic, 0)));
        Assert.Equal("value-500", (await TakeAsync(consumer, 1))[0].ValueText);
        consumer.Seek(Part(topic, 0), 10);
        Assert.Equal("value-10", (await TakeAsync(consumer, 1))[0].ValueText);
        var seen = new List<long>();
        await foreach (ConsumedRecord record in consumer.WithCancellation(Deadline))
        {
            seen.Add(record.Offset);
            if (seen.Count == 3)
            {
                consumer.Seek(Part(topic, 0), 900);
            }

            if (seen.Count == 5)
            {
                break;
            }
        }

        Assert.Equal([11, 12, 13, 900, 901], seen);
        Assert.Throws<InvalidOperationException>(() => consumer.Seek(Part("other", 0), 1));
    }

    [Fact]
    public async Task A_paused_partition_is_silent_until_it_is_resumed()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client, 2);
        await FillAsync(client, topic, 100, partition: 0);
        await FillAsync(client, topic, 100, partition: 1);
        await using Consumer consumer = client.CreateConsumer(new ConsumerOptions { Topics = [topic], Start = StartPosition.Beginning, StopAtEnd = true });
        var order = new List<int>();
        await foreach (ConsumedRecord record in consumer.WithCancellation(Deadline))
        {
            order.Add(record.Partition);
            if (order.Count == 1)
            {
                consumer.Pause(Part(topic, record.Partition));
            }

            if (order.Count == 101)
            {
                Assert.Single(order.Skip(1).Distinct());
                consumer.Resume(Part(topic, order[0]));
            }
        }

        Assert.Equal(200, order.Count);
        Assert.Equal(100, order.Count(p => p == order[0]));
        Assert.NotEqual(order[0], order[1]);
    }

    [Fact]
    public async Task Lag_and_position_follow_the_reader()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client);
        await FillAsync(client, topic, 50);
        await using Consumer consumer = client.CreateConsumer(new ConsumerOptions { Topics = [topic], Start = StartPosition.Beginning });
        int count = 0;
        await foreach (ConsumedRecord _ in consumer.WithCancellation(Deadline))
        {
            if (++count == 20)
            {
                Assert.Equal(19, consumer.Position(Part(topic, 0)));
                Assert.Equal(31, consumer.Lag(Part(topic, 0)));
                break;
            }
        }
    }

    [Fact]
    public async Task Portions_hold_everything_once_in_order()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client, 2);
        await FillAsync(client, topic, 3000, partition: null);
        await using Consumer consumer = client.CreateConsumer(new ConsumerOptions { Topics = [topic], Start = StartPosition.Beginning, StopAtEnd = true });
        var next = new Dictionary<int, long>();
        int total = 0;
        await foreach (IReadOnlyList<ConsumedRecord> portion in consumer.ReadBatchesAsync(100, Deadline))
        {
            Assert.InRange(portion.Count, 1, 100);
            foreach (ConsumedRecord record in portion)
            {
                Assert.Equal(next.GetValueOrDefault(record.Partition), record.Offset);
                next[record.Partition] = record.Offset + 1;
            }

            total += portion.Count;
        }

        Assert.Equal(3000, total);
    }

    [Fact]
    public async Task Out_of_range_starts_over_or_throws_as_told()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client);
        await FillAsync(client, topic, 100);
        await client.Admin.DeleteRecordsAsync(new Dictionary<TopicPartition, long> { [Part(topic, 0)] = 60 }, Deadline);
        List<ConsumedRecord> reset = await ReadAllAsync(client, topic, static o => o with { Start = StartPosition.Offset(5) });
        Assert.Equal("value-60", reset[0].ValueText);
        Assert.Equal(40, reset.Count);
        KafkaException error = await Assert.ThrowsAsync<KafkaException>(
            () => ReadAllAsync(client, topic, static o => o with { Start = StartPosition.Offset(5), OutOfRange = OutOfRangePolicy.Throw }));
        Assert.Equal(LogQueue.Protocol.ErrorCode.OffsetOutOfRange, error.ErrorCode);
    }

    [Fact]
    public async Task A_small_read_ahead_still_reads_everything()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client, 3);
        await FillAsync(client, topic, 20_000, partition: null);
        List<ConsumedRecord> read = await ReadAllAsync(client, topic, static o => o with { PrefetchBytes = 1, FetchMaxPartitionBytes = 4096 });
        Assert.Equal(20_000, read.Count);
        Assert.Equal(20_000, read.Select(static r => r.ValueText).Distinct().Count());
    }

    [Fact]
    public async Task A_topic_that_is_not_there_is_an_error()
    {
        await using LogQueueClient client = Broker.Connect();
        KafkaException error = await Assert.ThrowsAsync<KafkaException>(() => ReadAllAsync(client, BrokerFixture.NewName("missing")));
        Assert.Equal(LogQueue.Protocol.ErrorCode.UnknownTopicOrPartition, error.ErrorCode);
    }

    [Fact]
    public async Task Cancelling_ends_the_enumeration_and_the_consumer_goes_on()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client);
        await using Consumer consumer = client.CreateConsumer(new ConsumerOptions { Topics = [topic], Start = StartPosition.Beginning });
        using var stop = new CancellationTokenSource(300);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (ConsumedRecord _ in consumer.WithCancellation(stop.Token))
            {
            }
        });
        await FillAsync(client, topic, 1);
        Assert.Single(await TakeAsync(consumer, 1));
    }
}
