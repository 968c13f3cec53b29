using LogQueue.Engine.Groups;
using LogQueue.Engine.Metadata;
using LogQueue.Engine.Opening;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Kafka;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Engine.Opening;

/// <summary>A data directory of Apache Kafka 4.4 opens as ours, complete, and goes on.</summary>
public sealed class KafkaAdoptionTests
{
    private static readonly string[] Topics = ["cfg", "compacted", "grown", "open", "plain", "txn"];

    private static CancellationToken Timeout => TestContext.Current.CancellationToken;

    public static TheoryData<string, int> Logs => new()
    {
        { "plain", 0 }, { "plain", 1 }, { "txn", 0 }, { "open", 0 }, { "compacted", 0 }, { "grown", 0 }, { "grown", 1 }, { "grown", 2 },
    };

    [Fact]
    public async Task Topics_ids_and_settings_are_those_of_the_metadata_log()
    {
        using KafkaDirectory kafka = KafkaDirectory.Extract(KafkaDirectory.Whole);
        Guid id = Guid.Empty;
        foreach (bool first in (bool[])[true, false])
        {
            await using LogEngine engine = await OpenAsync(kafka);
            Assert.Equal(Topics, engine.Topics.Where(static t => !t.IsInternal).Select(static t => t.Name));
            Assert.Empty(engine.Recovery.Damage);
            Assert.Equal(first ? [.. Topics.Concat(["__consumer_offsets", "__transaction_state"]).Order(StringComparer.Ordinal)] : [], engine.Recovery.AdoptedTopics);
            Assert.All(engine.Recovery.LostDirectories, static d => Assert.EndsWith("-delete", d, StringComparison.Ordinal));
            Assert.Equal((2, 1, 3), (Topic(engine, "plain").Partitions.Count, Topic(engine, "txn").Partitions.Count, Topic(engine, "grown").Partitions.Count));
            Assert.Equal(new Dictionary<string, string> { ["retention.ms"] = "-1", ["segment.bytes"] = "1048576" }, Topic(engine, "plain").Config.Overrides);
            Assert.Equal(new Dictionary<string, string> { ["max.message.bytes"] = "2000000", ["retention.ms"] = "1234567" }, Topic(engine, "cfg").Config.Overrides);
            Assert.Equal(("compact", true), (Topic(engine, "compacted").Config["cleanup.policy"], Topic(engine, "compacted").Config.IsCompacted));
            string metadata = await File.ReadAllTextAsync(Path.Combine(kafka.DataDirectory, "plain-1", "partition.metadata"), Timeout);
            Assert.EndsWith("topic_id: " + KafkaUuid.Format(Topic(engine, "plain").Id), metadata.Trim(), StringComparison.Ordinal);
            Assert.True(first || id == Topic(engine, "plain").Id);
            id = Topic(engine, "plain").Id;
        }
    }

    [Theory]
    [MemberData(nameof(Logs))]
    public async Task Reads_as_consumers_of_Kafka_did_and_goes_on(string topic, int partition)
    {
        using KafkaDirectory kafka = KafkaDirectory.Extract(KafkaDirectory.Whole);
        long end;
        await using (LogEngine engine = await OpenAsync(kafka))
        {
            Partition log = Topic(engine, topic).Partitions[partition];
            Assert.Equal(kafka.Expected(topic, partition, committed: true), CommittedReads.Lines(log, committed: true));
            Assert.Equal(kafka.Expected(topic, partition, committed: false), CommittedReads.Lines(log, committed: false));
            end = log.LogEndOffset;
            Assert.Equal(end, await log.AppendAsync("ours"u8.ToArray(), "goes on"u8.ToArray(), DateTimeOffset.FromUnixTimeMilliseconds(TestBatches.StartMs), Timeout));
        }

        await using LogEngine again = await OpenAsync(kafka);
        Assert.Empty(again.Recovery.Damage);
        Partition reopened = Topic(again, topic).Partitions[partition];
        string ours = KafkaDirectory.Line(topic, partition, end, TestBatches.StartMs, "ours"u8.ToArray(), "goes on"u8.ToArray());
        Assert.Equal([.. kafka.Expected(topic, partition, committed: false), ours], CommittedReads.Lines(reopened, committed: false));
        IEnumerable<string> decided = topic == "open" ? [] : [ours];
        Assert.Equal([.. kafka.Expected(topic, partition, committed: true), .. decided], CommittedReads.Lines(reopened, committed: true));
    }

    [Fact]
    public async Task The_log_start_that_DeleteRecords_moved_is_kept()
    {
        using KafkaDirectory kafka = KafkaDirectory.Extract(KafkaDirectory.Whole);
        foreach (int _ in (int[])[1, 2])
        {
            await using LogEngine engine = await OpenAsync(kafka);
            Assert.Equal((0L, 100L), (Topic(engine, "plain").Partitions[0].LogStartOffset, Topic(engine, "plain").Partitions[1].LogStartOffset));
            Assert.Equal(ReadStatus.OffsetOutOfRange, Topic(engine, "plain").Partitions[1].Read(99, 1000).Status);
        }
    }

    [Fact]
    public async Task An_undecided_transaction_holds_the_last_stable_offset_until_it_is_decided()
    {
        using KafkaDirectory kafka = KafkaDirectory.Extract(KafkaDirectory.Whole);
        long producer;
        await using (LogEngine engine = await OpenAsync(kafka))
        {
            Partition open = Topic(engine, "open").Partitions[0];
            Assert.Equal((3L, 9L), (open.LastStableOffset, open.HighWatermark));
            producer = LogQueue.Engine.Inspection.LogInspector.Batches(Path.Combine(kafka.DataDirectory, "open-0")).First(static b => b.IsTransactional).ProducerId;
        }

        await using LogEngine again = await OpenAsync(kafka);
        Partition reopened = Topic(again, "open").Partitions[0];
        Assert.Equal(3, reopened.LastStableOffset);
        AppendResult marker = reopened.Append(TestBatches.Marker(producer, 0, commit: false), AppendOrigin.Internal);
        Assert.Equal(AppendStatus.Appended, marker.Status);
        await reopened.WaitUntilDurableAsync(marker.NextOffset, Timeout);
        Assert.Equal(reopened.LogEndOffset, reopened.LastStableOffset);
        Assert.Equal(
            kafka.Expected("open", 0, committed: false).Where(static line => !(line.Split(',')[2] is "3" or "4" or "5")),
            CommittedReads.Lines(reopened, committed: true));
    }

    [Fact]
    public async Task Groups_keep_their_positions_and_those_of_aborted_transactions_do_not_count()
    {
        using KafkaDirectory kafka = KafkaDirectory.Extract(KafkaDirectory.Whole);
        await using (LogEngine engine = await OpenAsync(kafka))
        {
            Assert.Equal((77L, 177L, 42L), (Position(engine, "g-plain", 0), Position(engine, "g-plain", 1), Position(engine, "g-txn", 0)));
            Assert.True(engine.GroupOffsets.TryGetGroup("g-plain", out GroupSnapshot? state));
            Assert.Equal("consumer", state.ProtocolType);
            await engine.GroupOffsets.CommitAsync("g-plain", [new OffsetToCommit(new TopicPartition("plain", 0), 78)], Timeout);
        }

        await using LogEngine again = await OpenAsync(kafka);
        Assert.Equal((78L, 177L, 42L), (Position(again, "g-plain", 0), Position(again, "g-plain", 1), Position(again, "g-txn", 0)));
    }

    [Theory]
    [InlineData(KafkaDirectory.Whole, "plain-0")]
    [InlineData(KafkaDirectory.Partitions, "readings-0")]
    public async Task An_idempotent_producer_of_Kafka_goes_on_where_it_was(string archive, string directory)
    {
        using KafkaDirectory kafka = KafkaDirectory.Extract(archive);
        LogQueue.Engine.Inspection.BatchInspection last = LogQueue.Engine.Inspection.LogInspector
            .Batches(Path.Combine(kafka.DataDirectory, directory)).Last(static b => b.ProducerId >= 0);
        long highestId = Directory.GetDirectories(kafka.DataDirectory).SelectMany(LogQueue.Engine.Inspection.LogInspector.Batches).Max(static b => b.ProducerId);
        await (await OpenAsync(kafka)).CloseAsync(); // the second opening knows all that the first one found
        await using LogEngine engine = await OpenAsync(kafka);
        Partition log = Topic(engine, directory[..^2]).Partitions[0];
        byte[] again = TestBatches.Build(last.RecordCount, 0, producerId: last.ProducerId, producerEpoch: last.ProducerEpoch, baseSequence: last.BaseSequence);
        AppendResult duplicate = log.Append(again);
        Assert.Equal((AppendStatus.Duplicate, last.BaseOffset), (duplicate.Status, duplicate.BaseOffset));

        int next = last.BaseSequence + last.RecordCount;
        byte[] gap = TestBatches.Build(1, 0, producerId: last.ProducerId, producerEpoch: last.ProducerEpoch, baseSequence: next + 1);
        Assert.Equal(AppendStatus.OutOfOrderSequence, log.Append(gap).Status);
        byte[] following = TestBatches.Build(1, 0, producerId: last.ProducerId, producerEpoch: last.ProducerEpoch, baseSequence: next);
        Assert.Equal(AppendStatus.Appended, log.Append(following).Status);
        Assert.True(await engine.AllocateProducerIdAsync(Timeout) > highestId + 1_000_000);
    }

    [Fact]
    public async Task Ids_of_transactional_producers_that_wrote_nothing_are_not_given_out_again()
    {
        using KafkaDirectory kafka = KafkaDirectory.Extract(KafkaDirectory.Whole);
        Directory.Delete(Path.Combine(kafka.DataDirectory, "__cluster_metadata-0"), recursive: true);
        long highest = LogQueue.Engine.Inspection.LogInspector.Records(Path.Combine(kafka.DataDirectory, "__transaction_state-0"))
            .Select(static r => System.Text.Json.Nodes.JsonNode.Parse(LogQueue.Engine.Inspection.InternalRecords.Decode("__transaction_state", r.Record, false)!)!["value"])
            .Where(static v => v is not null).Max(static v => (long)v!["producerId"]!);
        foreach (string name in (string[])["txn-0", "open-0", "plain-0", "plain-1", "__consumer_offsets-0", "__consumer_offsets-1"])
        {
            Directory.Delete(Path.Combine(kafka.DataDirectory, name), recursive: true);
        }

        await using LogEngine engine = await OpenAsync(kafka);
        Assert.True(await engine.AllocateProducerIdAsync(Timeout) > highest);
    }

    [Fact]
    public async Task A_partition_without_its_directory_is_named()
    {
        using KafkaDirectory kafka = KafkaDirectory.Extract(KafkaDirectory.Whole);
        Directory.Delete(Path.Combine(kafka.DataDirectory, "grown-2"), recursive: true);
        await using LogEngine engine = await OpenAsync(kafka);
        Assert.Contains("grown-2", Assert.Single(engine.Recovery.Damage), StringComparison.Ordinal);
        Assert.Equal(0, Topic(engine, "grown").Partitions[2].LogEndOffset);
    }

    [Fact]
    public async Task Without_a_metadata_log_topics_come_from_the_directories()
    {
        using KafkaDirectory kafka = KafkaDirectory.Extract(KafkaDirectory.Partitions);
        await using LogEngine engine = await OpenAsync(kafka);
        Assert.Equal(["devices-compacted", "orders-txn", "readings"], engine.Topics.Where(static t => !t.IsInternal).Select(static t => t.Name));
        Assert.Equal((77L, 1234L), (Position(engine, "dash", 1, "readings"), Position(engine, "etl", 0, "readings")));
        Assert.True(Topic(engine, "devices-compacted").Config.IsCompacted);
        Assert.Equal(-1, Topic(engine, "readings").Config.RetentionMs);
        foreach ((string topic, int partition) in ((string, int)[])[("readings", 0), ("readings", 1), ("orders-txn", 0), ("devices-compacted", 0)])
        {
            Partition log = Topic(engine, topic).Partitions[partition];
            Assert.Equal(kafka.Expected(topic, partition, committed: true), CommittedReads.Lines(log, committed: true));
            Assert.Equal(kafka.Expected(topic, partition, committed: false), CommittedReads.Lines(log, committed: false));
        }
    }

    [Fact]
    public async Task Settings_that_are_not_known_here_are_named_once_for_each_topic_and_left_out()
    {
        using KafkaDirectory kafka = KafkaDirectory.Extract(KafkaDirectory.Whole);
        using (DataDirectory directory = DataDirectory.Lock(new LogEngineOptions { DataDirectory = kafka.DataDirectory }, DiskStorageDevice.Create()))
        {
            PartitionLog log = directory.OpenLog(new TopicPartition(TopicName.ClusterMetadata, 0), MetadataLog.Options, MetadataLog.TopicId);
            await new MetadataLog(log, TimeProvider.System).AppendAsync([
                MetadataRecords.Config("cfg", "retention.mss", "5"), MetadataRecords.Config("cfg", "segment.bytes", "nine"),
                MetadataRecords.Config("plain", "of.the.future", "1")]);
            await log.CloseAsync();
        }

        foreach (int _ in (int[])[1, 2])
        {
            List<string> warnings = [];
            await using LogEngine engine = await LogEngine.OpenAsync(
                new LogEngineOptions { DataDirectory = kafka.DataDirectory, OnWarning = warnings.Add }, Timeout);
            Assert.Equal(2, warnings.Count);
            string cfg = Assert.Single(warnings, static w => w.StartsWith("Topic 'cfg': ", StringComparison.Ordinal));
            Assert.Contains("'retention.mss=5' (Unknown topic setting 'retention.mss'. Did you mean 'retention.ms'?)", cfg, StringComparison.Ordinal);
            Assert.Contains("'segment.bytes=nine' (", cfg, StringComparison.Ordinal);
            Assert.Contains("'of.the.future=1'", Assert.Single(warnings, w => w != cfg), StringComparison.Ordinal);
            Assert.Equal(new Dictionary<string, string> { ["max.message.bytes"] = "2000000", ["retention.ms"] = "1234567" }, Topic(engine, "cfg").Config.Overrides);
            Assert.Equal(1 << 30, Topic(engine, "cfg").Config.SegmentBytes);
        }
    }

    private static Task<LogEngine> OpenAsync(KafkaDirectory kafka) =>
        LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = kafka.DataDirectory }, Timeout);

    private static Topic Topic(LogEngine engine, string name) => engine.TryGetTopic(name, out Topic? topic) ? topic : throw new InvalidOperationException("no topic " + name);

    private static long Position(LogEngine engine, string group, int partition, string topic = "plain") =>
        engine.GroupOffsets.TryGet(group, new TopicPartition(topic, partition), out CommittedOffset offset) ? offset.Offset : -1;
}
