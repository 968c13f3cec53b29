using System.Text;
using Confluent.Kafka;
using LogQueue.Engine;
using LogQueue.Engine.Inspection;
using LogQueue.TestKit;
using LogQueue.TestKit.Kafka;

namespace LogQueue.Interop.Tests;

/// <summary>
/// A data directory goes from Apache Kafka to us and back: our broker opens it, serves it, appends to it and closes it; Kafka's tools read
/// what we left, and a Kafka broker takes the partition directories over and goes on.
/// </summary>
public sealed class KafkaTakeoverTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    private static readonly (string Topic, int Partition)[] Logs =
        [("plain", 0), ("plain", 1), ("txn", 0), ("open", 0), ("compacted", 0), ("grown", 0), ("grown", 1), ("grown", 2)];

    private static readonly (string Topic, int Partition)[] AppendedTo = [("plain", 0), ("plain", 1), ("grown", 1), ("grown", 2), ("compacted", 0), ("open", 0), ("txn", 0)];

    private static CancellationToken Timeout => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_directory_goes_from_Kafka_to_us_and_back()
    {
        Peers.KafkaTool();
        using KafkaDirectory ours = KafkaDirectory.Extract(KafkaDirectory.Whole);
        Dictionary<(string, int, IsolationLevel), List<string>> left = await ServeAsync(ours);

        IReadOnlyList<string> partitions = [.. LogInspector.FindPartitions(ours.DataDirectory)];
        Assert.Empty((await LogInspector.VerifyAsync(partitions, cancellationToken: Timeout)).SelectMany(static p => p.Problems));
        (List<string> complaints, long counted) = await DumpLog.JudgeAsync(partitions);
        Assert.DoesNotContain(complaints, static c => !IsOfCompacted(c));
        Assert.True(counted > 3000);

        using KafkaDirectory kafka = KafkaDirectory.Extract(KafkaDirectory.Whole);
        foreach (string partition in partitions.Where(static p => !p.EndsWith("__cluster_metadata-0", StringComparison.Ordinal)))
        {
            Replace(partition, Path.Combine(kafka.DataDirectory, Path.GetFileName(partition)));
        }

        Directory.Move(kafka.DataDirectory, Path.Combine(kafka.Root, "data"));
        await using KafkaBroker broker = await KafkaBroker.StartAsync(kafka.Root, "log.cleaner.enable=false", "log.retention.ms=-1",
            "transaction.abort.timed.out.transaction.cleanup.interval.ms=3600000");
        foreach (((string topic, int partition, IsolationLevel isolation), List<string> lines) in left)
        {
            Assert.Equal(lines, Read(broker.Bootstrap, topic, partition, isolation));
        }

        Assert.Equal((91L, 191L), (Position(broker.Bootstrap, "g-plain", 0), Position(broker.Bootstrap, "g-plain", 1)));
        Assert.Equal((42L, 7L), (Position(broker.Bootstrap, "g-txn", 0), Position(broker.Bootstrap, "g-ours", 0)));
        Produce(broker.Bootstrap, "plain", 0, 10, "kafka again", CompressionType.None);
        Assert.Equal(left[("plain", 0, IsolationLevel.ReadCommitted)].Count + 10, Read(broker.Bootstrap, "plain", 0, IsolationLevel.ReadCommitted).Count);
    }

    /// <summary>Our broker on Kafka's directory: reads it as Kafka did, appends, commits; returns what its consumers see at the end.</summary>
    private static async Task<Dictionary<(string, int, IsolationLevel), List<string>>> ServeAsync(KafkaDirectory directory)
    {
        var left = new Dictionary<(string, int, IsolationLevel), List<string>>();
        // Without a cleaner, as Kafka below: what is counted must not depend on when one runs.
        await using TestBroker broker = await TestBroker.StartAsync(engine: options => options with
        {
            DataDirectory = directory.DataDirectory,
            Cleaner = new CleanerOptions { Enabled = false },
        });
        Assert.Empty(broker.Engine.Recovery.Damage);
        foreach ((string topic, int partition) in Logs)
        {
            Assert.Equal(directory.Expected(topic, partition, committed: true), Read(broker.Bootstrap, topic, partition, IsolationLevel.ReadCommitted));
            Assert.Equal(directory.Expected(topic, partition, committed: false), Read(broker.Bootstrap, topic, partition, IsolationLevel.ReadUncommitted));
        }

        Assert.Equal((77L, 177L, 42L), (Position(broker.Bootstrap, "g-plain", 0), Position(broker.Bootstrap, "g-plain", 1), Position(broker.Bootstrap, "g-txn", 0)));
        foreach ((string topic, int partition) in AppendedTo)
        {
            foreach (CompressionType codec in Enum.GetValues<CompressionType>())
            {
                Produce(broker.Bootstrap, topic, partition, 100, $"ours {codec}", codec);
            }
        }

        Commit(broker.Bootstrap, "g-plain", 91, 191);
        Commit(broker.Bootstrap, "g-ours", 7, 8);
        await broker.RestartAsync();
        Assert.True(broker.Engine.Recovery.CleanShutdown);
        Assert.Empty(broker.Engine.Recovery.Damage);
        foreach ((string topic, int partition) in Logs)
        {
            foreach (IsolationLevel isolation in (IsolationLevel[])[IsolationLevel.ReadCommitted, IsolationLevel.ReadUncommitted])
            {
                List<string> lines = Read(broker.Bootstrap, topic, partition, isolation);
                int before = directory.Expected(topic, partition, isolation == IsolationLevel.ReadCommitted).Count;
                bool undecided = isolation == IsolationLevel.ReadCommitted && broker.Engine.TryGetTopic(topic, out LogQueue.Engine.Topics.Topic? log)
                    && log.Partitions[partition].LastStableOffset < log.Partitions[partition].HighWatermark;
                Assert.Equal(before + (AppendedTo.Contains((topic, partition)) && !undecided ? 500 : 0), lines.Count);
                left[(topic, partition, isolation)] = lines;
            }
        }

        return left;
    }

    private static List<string> Read(string bootstrap, string topic, int partition, IsolationLevel isolation)
    {
        using IConsumer<byte[]?, byte[]?> consumer = new ConsumerBuilder<byte[]?, byte[]?>(new ConsumerConfig
        {
            BootstrapServers = bootstrap,
            GroupId = "unused",
            EnableAutoCommit = false,
            EnablePartitionEof = true,
            IsolationLevel = isolation,
            FetchWaitMaxMs = 20,
        }).Build();
        consumer.Assign(new TopicPartitionOffset(topic, partition, Offset.Beginning));
        List<string> lines = [];
        while (true)
        {
            ConsumeResult<byte[]?, byte[]?> result = consumer.Consume(Patience) ?? throw new TimeoutException($"{topic}-{partition} has no end");
            if (result.IsPartitionEOF)
            {
                return lines;
            }

            lines.Add(KafkaDirectory.Line(topic, partition, result.Offset, result.Message.Timestamp.UnixTimestampMs,
                result.Message.Key is { } key ? key.AsMemory() : default(ReadOnlyMemory<byte>?), result.Message.Value is { } value ? value.AsMemory() : default(ReadOnlyMemory<byte>?)));
        }
    }

    private static void Produce(string bootstrap, string topic, int partition, int count, string text, CompressionType codec)
    {
        using IProducer<string, string> producer = new ProducerBuilder<string, string>(new ProducerConfig
        {
            BootstrapServers = bootstrap,
            EnableIdempotence = true,
            CompressionType = codec,
            LingerMs = 20,
        }).Build();
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        for (int i = 0; i < count; i++)
        {
            producer.Produce(new TopicPartition(topic, partition), new Message<string, string>
            {
                Key = $"ours-{i % 17}",
                Value = $"{text} {i} {new string('x', i * 5)}",
                Timestamp = new Timestamp(now.AddMilliseconds(i)),
                Headers = i % 4 == 0 ? [new Header("h", Encoding.UTF8.GetBytes(text))] : null,
            });
        }

        producer.Flush(Patience);
    }

    private static void Commit(string bootstrap, string group, long first, long second)
    {
        using IConsumer<Ignore, Ignore> consumer = Member(bootstrap, group);
        consumer.Commit([new TopicPartitionOffset("plain", 0, first), new TopicPartitionOffset("plain", 1, second)]);
    }

    private static long Position(string bootstrap, string group, int partition)
    {
        using IConsumer<Ignore, Ignore> consumer = Member(bootstrap, group);
        return consumer.Committed([new TopicPartition("plain", partition)], Patience)[0].Offset.Value;
    }

    private static IConsumer<Ignore, Ignore> Member(string bootstrap, string group) => new ConsumerBuilder<Ignore, Ignore>(
        new ConsumerConfig { BootstrapServers = bootstrap, GroupId = group, EnableAutoCommit = false }).Build();

    /// <summary>Offsets of a compacted log have gaps, which dump-log always mentions.</summary>
    private static bool IsOfCompacted(string complaint) => complaint.Contains("Non-consecutive", StringComparison.OrdinalIgnoreCase)
        && complaint.Contains("/compacted-0/", StringComparison.Ordinal);

    private static void Replace(string source, string target)
    {
        if (Directory.Exists(target))
        {
            Directory.Delete(target, recursive: true);
        }

        Directory.CreateDirectory(target);
        foreach (string file in Directory.GetFiles(source))
        {
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
        }
    }
}
