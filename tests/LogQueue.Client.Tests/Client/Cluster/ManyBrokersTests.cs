using System.Diagnostics;
using LogQueue.Protocol;
using LogQueue.Records;

namespace LogQueue.Client.Tests.Client.Cluster;

/// <summary>What a client does in a cluster of several brokers that changes under it.</summary>
public sealed class ManyBrokersTests : IAsyncLifetime
{
    private static readonly ClientOptions Quick = new()
    {
        RequestTimeout = TimeSpan.FromSeconds(3),
        ConnectTimeout = TimeSpan.FromSeconds(2),
        CloseTimeout = TimeSpan.FromSeconds(2),
        RetryBackoff = TimeSpan.FromMilliseconds(10),
        TopicPatience = TimeSpan.FromMilliseconds(300),
    };

    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(20));
    private readonly FakeCluster _cluster = new(brokers: 3, partitions: 3);
    private LogQueueClient _client = null!;

    public ValueTask InitializeAsync()
    {
        _client = LogQueueClient.Connect(_cluster.Bootstrap, Quick);
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        await _client.DisposeAsync();
        await _cluster.DisposeAsync();
        _deadline.Dispose();
    }

    [Fact]
    public async Task Every_partition_goes_to_its_leader()
    {
        await using Producer producer = _client.CreateProducer();
        for (int partition = 0; partition < 3; partition++)
        {
            Assert.Equal(0, (await SendAsync(producer, partition)).Offset);
        }

        Assert.Equal([0, 1, 2], _cluster.Asked.Where(static a => a.Api == ApiKey.Produce).Select(static a => a.Broker));
        List<ConsumedRecord> read = await ReadAsync(3);
        Assert.Equal([0, 1, 2], read.Select(static r => r.Partition).Order());
        Assert.Equal([0, 1, 2], _cluster.Asked.Where(static a => a.Api == ApiKey.Fetch).Select(static a => a.Broker).Distinct().Order());
    }

    [Fact]
    public async Task A_refused_batch_goes_to_the_leader_that_the_metadata_names()
    {
        await using Producer producer = _client.CreateProducer();
        await SendAsync(producer, 0);
        int metadata = _cluster.CountOf(ApiKey.Metadata);
        _cluster.MoveLeader(0, 2);
        Assert.Equal(1, (await SendAsync(producer, 0)).Offset);
        Assert.Equal(2, _cluster.Asked.Last(static a => a.Api == ApiKey.Produce).Broker);
        Assert.True(_cluster.CountOf(ApiKey.Metadata) > metadata);
    }

    [Fact]
    public async Task A_hint_at_the_leader_is_followed_at_once_though_the_metadata_lags_behind()
    {
        _cluster.GivesHints = true;
        await using Producer producer = _client.CreateProducer();
        await SendAsync(producer, 0);
        int metadata = _cluster.CountOf(ApiKey.Metadata);
        _cluster.MoveLeader(0, leader: 2, announced: 0);
        Assert.Equal(1, (await SendAsync(producer, 0)).Offset);
        Assert.Equal(metadata, _cluster.CountOf(ApiKey.Metadata));
        Assert.Equal(3, _cluster.CountOf(ApiKey.Produce));
    }

    [Fact]
    public async Task Fetches_follow_the_leader_with_and_without_hints()
    {
        await using Producer producer = _client.CreateProducer();
        await SendAsync(producer, 0);
        await using Consumer consumer = _client.CreateConsumer(new ConsumerOptions { Partitions = [new("t", 0)], Start = StartPosition.Beginning });
        Assert.Equal(0, (await TakeAsync(consumer, 1))[0].Offset);
        _cluster.MoveLeader(0, 1);
        await SendAsync(producer, 0);
        Assert.Equal(1, (await TakeAsync(consumer, 1))[0].Offset);
        _cluster.GivesHints = true;
        _cluster.MoveLeader(0, leader: 2, announced: 1);
        int metadata = _cluster.CountOf(ApiKey.Metadata);
        await SendAsync(producer, 0);
        Assert.Equal(2, (await TakeAsync(consumer, 1))[0].Offset);
        Assert.Equal(metadata, _cluster.CountOf(ApiKey.Metadata));
    }

    [Fact]
    public async Task Order_holds_when_the_leader_moves_with_five_requests_in_flight()
    {
        await using Producer producer = _client.CreateProducer(new ProducerOptions { BatchBytes = 1024, Compression = CompressionType.None });
        var sends = new List<Task<RecordMetadata>>();
        for (int i = 0; i < 2000; i++)
        {
            sends.Add(producer.SendAsync(Record(0, i), _deadline.Token).AsTask());
            if (i % 200 == 199)
            {
                _cluster.GivesHints = i % 400 == 199;
                _cluster.MoveLeader(0, i / 200 % 3);
                await Task.Delay(3, _deadline.Token);
            }
        }

        RecordMetadata[] places = await Task.WhenAll(sends).WaitAsync(_deadline.Token);
        Assert.Equal(Enumerable.Range(0, 2000).Select(static i => (long)i), places.Select(static p => p.Offset));
    }

    [Fact]
    public async Task A_request_holds_one_batch_of_a_partition_whatever_the_leader_does()
    {
        _cluster.GivesHints = true;
        await using Producer producer = _client.CreateProducer(new ProducerOptions { BatchBytes = 1024, Compression = CompressionType.None });
        await SendAsync(producer, 0);
        for (int round = 0; round < 100; round++)
        {
            // The first goes and is refused while the second, unfilled, waits behind it.
            _cluster.MoveLeader(0, round % 3);
            Task<RecordMetadata> first = SendAsync(producer, 0);
            await Task.Yield();
            Task<RecordMetadata>[] more = [.. Enumerable.Range(0, 100).Select(i => producer.SendAsync(Record(0, i), _deadline.Token).AsTask())];
            long offset = (await first).Offset;
            RecordMetadata[] places = await Task.WhenAll(more).WaitAsync(_deadline.Token);
            Assert.Equal(Enumerable.Range(1, 100).Select(i => offset + i), places.Select(static p => p.Offset));
        }
    }

    [Fact]
    public async Task A_broker_that_disappears_is_replaced_by_the_next_leader()
    {
        await using Producer producer = _client.CreateProducer();
        await SendAsync(producer, 0);
        await using Consumer consumer = _client.CreateConsumer(new ConsumerOptions { Partitions = [new("t", 0)], Start = StartPosition.Beginning });
        Assert.Equal(0, (await TakeAsync(consumer, 1))[0].Offset);
        _cluster.Brokers[0].Kill();
        Task<RecordMetadata> send = SendAsync(producer, 0);
        await Task.Delay(100, _deadline.Token);
        Assert.False(send.IsCompleted);
        _cluster.MoveLeader(0, 1);
        Assert.Equal(1, (await send).Offset);
        Assert.Equal(1, (await TakeAsync(consumer, 1))[0].Offset);
    }

    [Fact]
    public async Task A_partition_without_leader_waits_for_one()
    {
        _cluster.MoveLeader(0, -1);
        await using Producer producer = _client.CreateProducer();
        Task<RecordMetadata> send = SendAsync(producer, 0);
        await SendAsync(producer, 1);
        await Task.Delay(600, _deadline.Token);
        Assert.False(send.IsCompleted);
        _cluster.MoveLeader(0, 2);
        Assert.Equal(0, (await send).Offset);
    }

    [Fact]
    public async Task Sending_to_a_topic_that_is_deleted_fails_and_says_why()
    {
        await using Producer producer = _client.CreateProducer();
        await SendAsync(producer, 0);
        _cluster.Change(static c => c.HasTopic = false);
        KafkaException error = await Assert.ThrowsAsync<KafkaException>(() => SendAsync(producer, 0));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, error.ErrorCode);
        Assert.Contains("t-0", error.Message, StringComparison.Ordinal);
        _cluster.Change(static c => c.HasTopic = true);
        Assert.Equal(1, (await SendAsync(producer, 0)).Offset);
    }

    [Fact]
    public async Task Reading_a_topic_that_is_deleted_fails_and_says_why()
    {
        await using Consumer consumer = _client.CreateConsumer(new ConsumerOptions { Partitions = [new("t", 0)], Start = StartPosition.Beginning });
        Task reading = TakeAsync(consumer, 1);
        await UntilAsync(() => _cluster.CountOf(ApiKey.Fetch) > 1);
        _cluster.Change(static c => c.HasTopic = false);
        KafkaException error = await Assert.ThrowsAsync<KafkaException>(() => reading);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, error.ErrorCode);
        Assert.Contains("t-0", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(OutOfRangePolicy.Reset)]
    [InlineData(OutOfRangePolicy.Throw)]
    public async Task A_position_out_of_range_is_reset_or_told(OutOfRangePolicy policy)
    {
        await using Producer producer = _client.CreateProducer();
        for (int i = 0; i < 4; i++)
        {
            await SendAsync(producer, 0);
        }

        await using Consumer consumer = _client.CreateConsumer(new ConsumerOptions
        {
            Partitions = [new("t", 0)], Start = StartPosition.Beginning, OutOfRange = policy, PrefetchBytes = 1,
        });
        Assert.Equal(0, (await TakeAsync(consumer, 1))[0].Offset);
        _cluster.Change(static c => c.Partitions[0].Start = 3);
        consumer.Seek(new TopicPartition("t", 0), 1);
        if (policy == OutOfRangePolicy.Reset)
        {
            Assert.Equal(3, (await TakeAsync(consumer, 1))[0].Offset);
        }
        else
        {
            KafkaException error = await Assert.ThrowsAsync<KafkaException>(() => TakeAsync(consumer, 1));
            Assert.Equal(ErrorCode.OffsetOutOfRange, error.ErrorCode);
            Assert.Contains("Offset 1 of t-0", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(GroupAssignor.Range)]
    [InlineData(GroupAssignor.CooperativeSticky)]
    public async Task A_member_follows_its_coordinator(GroupAssignor assignor)
    {
        await using Producer producer = _client.CreateProducer();
        await SendAsync(producer, 0);
        await using Consumer consumer = _client.CreateConsumer(new ConsumerOptions
        {
            Topics = ["t"], Group = "g", Start = StartPosition.Beginning, Assignors = [assignor],
            HeartbeatInterval = TimeSpan.FromMilliseconds(50), AutoCommitInterval = TimeSpan.FromMilliseconds(50),
        });
        Assert.Equal(0, (await TakeAsync(consumer, 1))[0].Offset);
        _cluster.Coordinator = 2;
        await SendAsync(producer, 0);
        await SendAsync(producer, 0);
        Assert.Equal(2, (await TakeAsync(consumer, 2))[1].Offset);
        await UntilAsync(() => _cluster.Committed.GetValueOrDefault(0) == 2);
        await UntilAsync(() => _cluster.Asked.Contains((2, ApiKey.Heartbeat)));
        Assert.Equal(1, _cluster.CountOf(ApiKey.JoinGroup));
        _cluster.Brokers[2].Kill();
        _cluster.Coordinator = 1;
        await SendAsync(producer, 0);
        Assert.Equal(3, (await TakeAsync(consumer, 1))[0].Offset);
        await UntilAsync(() => _cluster.Committed.GetValueOrDefault(0) == 3);
    }

    [Fact]
    public async Task Disposal_ends_in_time_with_work_in_flight_and_brokers_mute_or_gone()
    {
        await using Producer producer = _client.CreateProducer();
        await SendAsync(producer, 0);
        await using Consumer consumer = _client.CreateConsumer(new ConsumerOptions
        {
            Topics = ["t"], Group = "g", Start = StartPosition.Beginning, RebalanceTimeout = TimeSpan.FromMinutes(5),
        });
        Assert.Equal(0, (await TakeAsync(consumer, 1))[0].Offset);
        Task reading = TakeAsync(consumer, 5);
        _cluster.Brokers[1].Kill();
        _cluster.Brokers[0].IsMute = _cluster.Brokers[2].IsMute = true;
        Task<RecordMetadata>[] sends = [.. Enumerable.Range(0, 30).Select(i => SendAsync(producer, i % 3))];
        var watch = Stopwatch.StartNew();
        await _client.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 2.5);
        foreach (Task<RecordMetadata> send in sends)
        {
            await Assert.ThrowsAsync<KafkaException>(() => send.WaitAsync(TimeSpan.FromSeconds(2)));
        }

        await reading.WaitAsync(TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task Large_answers_of_many_partitions_are_read_in_order_within_the_read_ahead_bound()
    {
        await using Producer producer = _client.CreateProducer(new ProducerOptions { BatchBytes = 20_000, Compression = CompressionType.None });
        var value = new byte[2000];
        for (int i = 0; i < 600; i++)
        {
            await producer.EnqueueAsync(new OutgoingRecord("t", null, value) { Partition = i % 3 }, _deadline.Token);
        }

        await producer.FlushAsync(_deadline.Token);
        foreach (long prefetchBytes in new[] { 1L, 30_000L, 4_000_000L })
        {
            await using Consumer consumer = _client.CreateConsumer(new ConsumerOptions
            {
                Topics = ["t"], Start = StartPosition.Beginning, StopAtEnd = true, PrefetchBytes = prefetchBytes,
            });
            var next = new long[3];
            await foreach (ConsumedRecord record in consumer.WithCancellation(_deadline.Token))
            {
                Assert.Equal(next[record.Partition]++, record.Offset);
            }

            Assert.Equal([200, 200, 200], next);
        }
    }

    private static OutgoingRecord Record(int partition, int number) => new("t", null, BitConverter.GetBytes(number)) { Partition = partition };

    private Task<RecordMetadata> SendAsync(Producer producer, int partition) => producer.SendAsync(Record(partition, 0), _deadline.Token).AsTask().WaitAsync(_deadline.Token);

    private async Task<List<ConsumedRecord>> ReadAsync(int count)
    {
        await using Consumer consumer = _client.CreateConsumer(new ConsumerOptions { Topics = ["t"], Start = StartPosition.Beginning });
        return await TakeAsync(consumer, count);
    }

    private async Task<List<ConsumedRecord>> TakeAsync(Consumer consumer, int count)
    {
        var records = new List<ConsumedRecord>();
        await foreach (ConsumedRecord record in consumer.WithCancellation(_deadline.Token))
        {
            records.Add(record);
            if (records.Count == count)
            {
                break;
            }
        }

        return records;
    }

    private async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            await Task.Delay(10, _deadline.Token);
        }
    }
}
