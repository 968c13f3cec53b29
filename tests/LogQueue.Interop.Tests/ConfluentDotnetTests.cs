using System.Globalization;
using Confluent.Kafka;

namespace LogQueue.Interop.Tests;

/// <summary>Confluent.Kafka (librdkafka, the newest of them) in this process.</summary>
public sealed class ConfluentDotnetTests(InteropBroker broker) : IClassFixture<InteropBroker>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public async Task Keys_values_and_headers_come_back_as_they_went(CompressionType codec)
    {
        string topic = await broker.CreateTopicAsync(1);
        var sent = new List<(string? Key, string? Value, string Header)>();
        using (IProducer<string?, string?> producer = Producer(codec))
        {
            for (int i = 0; i < 200; i++)
            {
                (string? key, string? value, string header) = (i % 7 == 0 ? null : $"k{i}", i % 11 == 0 ? null : new string('x', i), i.ToString(CultureInfo.InvariantCulture));
                sent.Add((key, value, header));
                producer.Produce(topic, new Message<string?, string?> { Key = key, Value = value, Headers = [new Header("n", System.Text.Encoding.UTF8.GetBytes(header))] });
            }

            producer.Flush(Patience);
        }

        using IConsumer<string?, string?> consumer = Consumer(topic + "-unused");
        consumer.Assign(new TopicPartitionOffset(topic, 0, Offset.Beginning));
        Assert.Equal(sent, Take(consumer, sent.Count).Select(static r =>
            (r.Message.Key, r.Message.Value, System.Text.Encoding.UTF8.GetString(r.Message.Headers[0].GetValueBytes()))));
    }

    [Fact]
    public async Task A_consumer_seeks_by_offset_and_by_time()
    {
        string topic = await broker.CreateTopicAsync(1);
        DateTimeOffset start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using (IProducer<string?, string?> producer = Producer(CompressionType.Lz4))
        {
            for (int i = 0; i < 100; i++)
            {
                producer.Produce(topic, new Message<string?, string?> { Value = $"v{i}", Timestamp = new Timestamp(start.AddMinutes(i)) });
            }

            producer.Flush(Patience);
        }

        using IConsumer<string?, string?> consumer = Consumer(topic + "-unused");
        consumer.Assign(new TopicPartitionOffset(topic, 0, 63));
        Assert.Equal("v63", Take(consumer, 1)[0].Message.Value);
        List<TopicPartitionOffset> found = consumer.OffsetsForTimes(
            [new(new TopicPartition(topic, 0), new Timestamp(start.AddMinutes(41.5)))], Patience);
        consumer.Seek(found[0]);
        Assert.Equal(["v42", "v43"], Take(consumer, 2).Select(static r => r.Message.Value));
    }

    [Fact]
    public async Task Three_members_share_two_take_over_and_a_restart_resumes()
    {
        string topic = await broker.CreateTopicAsync(6);
        string group = topic + "-group";
        var seen = new System.Collections.Concurrent.ConcurrentBag<string>();
        CancellationTokenSource[] stops = [new(), new(), new()];
        Task[] members = [.. stops.Select(stop => Task.Run(() => RunMember(topic, group, seen, stop.Token)))];
        await broker.WaitForStableGroupAsync(group, 3);
        Produce(topic, "first", 300);
        await WaitForAsync(seen, 300);

        await stops[2].CancelAsync();
        await members[2].WaitAsync(Patience, TestContext.Current.CancellationToken);
        await broker.WaitForStableGroupAsync(group, 2);
        Produce(topic, "second", 300);
        await WaitForAsync(seen, 600);
        await Task.WhenAll(stops[0].CancelAsync(), stops[1].CancelAsync());
        await Task.WhenAll(members).WaitAsync(Patience, TestContext.Current.CancellationToken);

        Produce(topic, "third", 50);
        using IConsumer<string?, string?> next = Consumer(group);
        next.Subscribe(topic);
        Assert.All(Take(next, 50), static r => Assert.StartsWith("third", r.Message.Value, StringComparison.Ordinal));
        next.Close();
        Array.ForEach(stops, static s => s.Dispose());
    }

    private void RunMember(string topic, string group, System.Collections.Concurrent.ConcurrentBag<string> seen, CancellationToken stop)
    {
        using IConsumer<string?, string?> consumer = Consumer(group);
        consumer.Subscribe(topic);
        while (!stop.IsCancellationRequested)
        {
            if (consumer.Consume(TimeSpan.FromMilliseconds(100)) is { } record)
            {
                seen.Add(record.Message.Value!);
            }
        }

        consumer.Close();
    }

    private static async Task WaitForAsync(System.Collections.Concurrent.ConcurrentBag<string> seen, int distinct)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (seen.Distinct().Count() < distinct)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Patience, $"{seen.Distinct().Count()} of {distinct} records came");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    private static List<ConsumeResult<string?, string?>> Take(IConsumer<string?, string?> consumer, int count)
    {
        var taken = new List<ConsumeResult<string?, string?>>();
        long start = TimeProvider.System.GetTimestamp();
        while (taken.Count < count)
        {
            if (consumer.Consume(TimeSpan.FromMilliseconds(500)) is { } record)
            {
                taken.Add(record);
            }

            Assert.True(TimeProvider.System.GetElapsedTime(start) < Patience, $"{taken.Count} of {count} records came");
        }

        return taken;
    }

    private void Produce(string topic, string tag, int count)
    {
        using IProducer<string?, string?> producer = Producer(CompressionType.None);
        for (int i = 0; i < count; i++)
        {
            producer.Produce(topic, new Message<string?, string?> { Key = $"sensor-{i % 24}", Value = $"{tag}-{i}" });
        }

        producer.Flush(Patience);
    }

    private IProducer<string?, string?> Producer(CompressionType codec) => new ProducerBuilder<string?, string?>(new ProducerConfig
    {
        BootstrapServers = broker.Bootstrap, EnableIdempotence = true, CompressionType = codec, LingerMs = 5,
    }).SetKeySerializer(NullableUtf8.Instance).SetValueSerializer(NullableUtf8.Instance).Build();

    private IConsumer<string?, string?> Consumer(string group) => new ConsumerBuilder<string?, string?>(new ConsumerConfig
    {
        BootstrapServers = broker.Bootstrap, GroupId = group, AutoOffsetReset = AutoOffsetReset.Earliest, CheckCrcs = true,
        SessionTimeoutMs = 10_000, HeartbeatIntervalMs = 500,
    }).SetKeyDeserializer(NullableUtf8.Instance).SetValueDeserializer(NullableUtf8.Instance).Build();

    private sealed class NullableUtf8 : ISerializer<string?>, IDeserializer<string?>
    {
        public static readonly NullableUtf8 Instance = new();

        public byte[]? Serialize(string? data, SerializationContext context) => data is null ? null! : System.Text.Encoding.UTF8.GetBytes(data);

        public string? Deserialize(ReadOnlySpan<byte> data, bool isNull, SerializationContext context) => isNull ? null : System.Text.Encoding.UTF8.GetString(data);
    }
}
