using System.Text;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using LogQueue.Engine.Inspection;
using LogQueue.TestKit;

namespace LogQueue.Interop.Tests;

/// <summary>What our broker writes under a mixed load, Kafka's own <c>dump-log</c> reads without a complaint.</summary>
public sealed class DumpLogTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);
    private TestBroker _broker = null!;

    private static CancellationToken Timeout => TestContext.Current.CancellationToken;

    private IReadOnlyList<string> Partitions => LogInspector.FindPartitions(_broker.DataDirectory);

    public async ValueTask InitializeAsync() => _broker = await TestBroker.StartAsync(engine: static options => options with
    {
        MaintenanceInterval = TimeSpan.FromMilliseconds(250),
        TopicDefaults = new Dictionary<string, string> { ["segment.bytes"] = "1048576" },
    });

    public ValueTask DisposeAsync() => _broker.DisposeAsync();

    [Fact]
    public async Task A_directory_written_under_load_has_no_complaint_and_damage_has()
    {
        Peers.KafkaTool();
        long records = await LoadAsync();
        await _broker.Server.StopAsync(TimeSpan.FromSeconds(2));
        await _broker.Engine.CloseAsync();
        IReadOnlyList<PartitionInspection> ours = await LogInspector.VerifyAsync(Partitions, cancellationToken: Timeout);
        Assert.Empty(ours.SelectMany(static p => p.Problems));
        Assert.True(ours.Single(static p => p.Name == "mixed-0").SegmentCount > 2, "the load must roll segments");
        Assert.True(ours.Single(static p => p.Name == "short-0").LogStartOffset > 0, "retention must have deleted segments");

        (List<string> complaints, long counted) = await DumpLog.JudgeAsync(Partitions);
        Assert.Empty(complaints);
        Assert.Equal(ours.Sum(static p => p.RecordCount), counted);
        Assert.True(counted > records / 2);

        await DamageIsSeenAsync();
    }

    /// <summary>The judge has teeth: each kind of damage that Kafka's tool can see makes it complain.</summary>
    private async Task DamageIsSeenAsync()
    {
        string mixed = Path.Combine(_broker.DataDirectory, "mixed-0");
        string segment = Directory.GetFiles(mixed, "*.log").Order(StringComparer.Ordinal).ElementAt(1);
        string copy = Directory.CreateDirectory(Path.Combine(_broker.DataDirectory, "copy-0")).FullName;
        foreach ((string extension, int place) in ((string, int)[])[(".log", 100), (".index", 6), (".timeindex", 6), (".snapshot", 20)])
        {
            string name = Path.GetFileNameWithoutExtension(segment);
            foreach (string file in Directory.GetFiles(copy))
            {
                File.Delete(file);
            }

            foreach (string file in Directory.GetFiles(mixed, name + ".*"))
            {
                File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
            }

            string damaged = Path.Combine(copy, name + extension);
            byte[] bytes = await File.ReadAllBytesAsync(damaged, Timeout);
            bytes[place] ^= 0x41;
            await File.WriteAllBytesAsync(damaged, bytes, Timeout);
            (List<string> complaints, _) = await DumpLog.JudgeAsync([copy]);
            Assert.True(complaints.Count > 0, $"Kafka's dump-log has nothing to say against a damaged {extension}");
        }
    }

    private async Task<long> LoadAsync()
    {
        using IAdminClient admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = _broker.Bootstrap }).Build();
        await admin.CreateTopicsAsync(
        [
            new TopicSpecification { Name = "mixed", NumPartitions = 2, ReplicationFactor = 1 },
            new TopicSpecification { Name = "short", NumPartitions = 1, ReplicationFactor = 1, Configs = new() { ["retention.bytes"] = "1200000" } },
            new TopicSpecification { Name = "cut", NumPartitions = 1, ReplicationFactor = 1 },
        ]);
        long records = 0;
        var random = new Random(20261127);
        DateTimeOffset start = TimeProvider.System.GetUtcNow().AddHours(-2);
        byte[] noise = new byte[64 << 10];
        foreach (CompressionType codec in Enum.GetValues<CompressionType>())
        {
            using IProducer<string?, byte[]?> producer = new ProducerBuilder<string?, byte[]?>(new ProducerConfig
            {
                BootstrapServers = _broker.Bootstrap,
                CompressionType = codec,
                EnableIdempotence = codec != CompressionType.Snappy,
                LingerMs = (int)codec * 3,
            }).Build();
            for (int i = 0; i < 600; i++)
            {
                foreach (string topic in (string[])["mixed", "short", "cut"])
                {
                    random.NextBytes(noise);
                    int size = i % 50 == 0 ? noise.Length : random.Next(0, 3000);
                    producer.Produce(topic, new Message<string?, byte[]?>
                    {
                        Key = i % 9 == 0 ? null : $"key-{i % 31}",
                        Value = i % 13 == 0 ? null : noise[..size],
                        Headers = i % 3 == 0 ? [new Header("trace", Encoding.UTF8.GetBytes($"{codec}-{i}")), new Header("empty", null)] : null,
                        Timestamp = new Timestamp(start.AddSeconds((i * 2) - (i % 11 * 40))),
                    });
                    records++;
                }
            }

            producer.Flush(Patience);
        }

        CommitGroups();
        await admin.DeleteRecordsAsync([new TopicPartitionOffset("cut", 0, 777)]);
        await WaitUntilAsync(() => _broker.Engine.TryGetTopic("short", out LogQueue.Engine.Topics.Topic? topic) && topic.Partitions[0].LogStartOffset > 0);
        return records;
    }

    private void CommitGroups()
    {
        for (int group = 0; group < 5; group++)
        {
            using IConsumer<Ignore, Ignore> consumer = new ConsumerBuilder<Ignore, Ignore>(new ConsumerConfig
            {
                BootstrapServers = _broker.Bootstrap,
                GroupId = $"group-{group}",
                EnableAutoCommit = false,
                AutoOffsetReset = AutoOffsetReset.Earliest,
            }).Build();
            consumer.Subscribe("mixed");
            Assert.NotNull(consumer.Consume(Patience));
            for (int i = 1; i <= 20; i++)
            {
                consumer.Commit([new TopicPartitionOffset("mixed", 0, i * 3), new TopicPartitionOffset("mixed", 1, i)]);
            }

            consumer.Close();
        }
    }

    private static async Task WaitUntilAsync(Func<bool> condition)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Patience, "retention deleted nothing");
            await Task.Delay(50, Timeout);
        }
    }
}
