using System.Text;
using LogQueue.Engine.Errors;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Wire;

namespace LogQueue.Engine.Tests.Engine.Topics;

/// <summary>Each topic setting that does something here, changed while the topic is in use, and seen to do it.</summary>
public sealed class TopicConfigEffectTests : IDisposable
{
    /// <summary>Settings that are accepted, kept and shown, and do nothing on one node; engine/LogQueue.Storage/README.md says why.</summary>
    private static readonly string[] WithoutEffect =
    [
        "errors.deadletterqueue.group.enable", "file.delete.delay.ms", "follower.replication.throttled.replicas",
        "leader.replication.throttled.replicas", "local.retention.bytes", "local.retention.ms", "min.insync.replicas", "preallocate",
        "remote.copy.lag.bytes", "remote.copy.lag.ms", "remote.log.copy.disable", "remote.log.delete.on.disable", "remote.storage.enable",
        "unclean.leader.election.enable",
    ];

    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly TemporaryDirectory _directory = new();

    public static TheoryData<string> WithEffect => [.. Cases.Keys];

    private static CancellationToken Timeout => TestContext.Current.CancellationToken;

    /// <summary>The value to set, and what is seen before and after; both asked on a topic of their own.</summary>
    private static Dictionary<string, (string Value, Func<LogEngine, Topic, Task<object>> Observe)> Cases { get; } = new(StringComparer.Ordinal)
    {
        ["cleanup.policy"] = ("compact", static async (_, topic) => (await AppendAsync(topic, null)).Status),
        ["compression.gzip.level"] = ("9", static (engine, topic) => CompressedSizeAsync(engine, topic, "gzip")),
        ["compression.lz4.level"] = ("12", static (engine, topic) => CompressedSizeAsync(engine, topic, "lz4")),
        ["compression.zstd.level"] = ("-50", static (engine, topic) => CompressedSizeAsync(engine, topic, "zstd")),
        ["compression.type"] = ("zstd", static async (_, topic) =>
        {
            await AppendAsync(topic, "a");
            using RecordSlice records = topic.Partitions[0].Read(topic.Partitions[0].LogEndOffset - 1, 1000).Records;
            byte[] bytes = new byte[records.LengthBytes];
            records.CopyTo(bytes);
            return new RecordBatchView(bytes).Compression;
        }),
        ["delete.retention.ms"] = ("7", static (_, topic) => OptionAsync(topic, static o => o.DeleteRetentionMs)),
        ["flush.messages"] = ("1", static async (_, topic) =>
        {
            byte[] batch = BatchOf("a");
            AppendResult result = topic.Partitions[0].Append(batch);
            for (int i = 0; i < 100 && topic.Partitions[0].Log.Opened!.RecoveryPoint < result.NextOffset; i++)
            {
                await Task.Delay(20, Timeout); // a sync is started at once, instead of after the engine's interval of minutes
            }

            return topic.Partitions[0].Log.Opened!.RecoveryPoint >= result.NextOffset;
        }),
        ["flush.ms"] = ("5", static (_, topic) => OptionAsync(topic, static o => o.FlushMs)),
        ["index.interval.bytes"] = ("0", static async (_, topic) =>
        {
            topic.Partitions[0].Log.Opened!.Roll();
            for (int i = 0; i < 20; i++)
            {
                await AppendAsync(topic, "a");
            }

            await topic.Partitions[0].Log.Opened!.CloseAsync();
            return new FileInfo(Directory.EnumerateFiles(topic.Partitions[0].Log.Opened!.Directory, "*.index").Order(StringComparer.Ordinal).Last()).Length;
        }),
        ["max.compaction.lag.ms"] = ("1000", static async (engine, topic) =>
        {
            await CompactAsync(engine, topic);
            await AppendAsync(topic, "a");
            await engine.MaintainAsync();
            return topic.Partitions[0].Log.Opened!.SegmentCount > 1; // an old segment is closed so that it can be cleaned
        }),
        ["max.decompressed.message.bytes"] = ("1000", static async (engine, topic) =>
        {
            await CompactAsync(engine, topic);
            return topic.Partitions[0].Append(BatchOf("a", new string('x', 5000))).Status;
        }),
        ["max.message.bytes"] = ("100", static async (_, topic) =>
            (await topic.Partitions[0].AppendAsync(BatchOf("a", Convert.ToHexString(new byte[200]), CompressionType.None), Timeout)).Status),
        ["message.timestamp.after.max.ms"] = ("10000000000000", static async (_, topic) =>
            (await AppendAsync(topic, "a", DateTimeOffset.UnixEpoch.AddYears(200))).Status),
        ["message.timestamp.before.max.ms"] = ("1000", static async (_, topic) => (await AppendAsync(topic, "a")).Status),
        ["message.timestamp.type"] = ("LogAppendTime", static async (_, topic) => (await AppendAsync(topic, "a")).LogAppendTimeMs >= 0),
        ["min.cleanable.dirty.ratio"] = ("0.01", static (_, topic) => OptionAsync(topic, static o => o.MinCleanableDirtyRatio)),
        ["min.compaction.lag.ms"] = ("9000000000000", static async (engine, topic) =>
        {
            await CompactAsync(engine, topic);
            await FillSegmentsAsync(topic);
            await engine.MaintainAsync();
            return topic.Partitions[0].Log.Opened!.PlanCleaning(DateTimeOffset.UnixEpoch.AddYears(60))!.Segments.Length > 0;
        }),
        ["retention.bytes"] = ("0", static async (engine, topic) =>
        {
            await engine.SetTopicConfigsAsync(topic.Name, With(topic, "retention.ms", "-1"), Timeout);
            return await RetainedAsync(engine, topic);
        }),
        ["retention.ms"] = ("-1", RetainedAsync),
        ["segment.bytes"] = ("1048576", static async (_, topic) =>
        {
            for (int i = 0; i < 3; i++)
            {
                await topic.Partitions[0].AppendAsync(BatchOf("a", new string('x', 600_000), CompressionType.None), Timeout);
            }

            return topic.Partitions[0].Log.Opened!.SegmentCount;
        }),
        ["segment.index.bytes"] = ("12", static async (engine, topic) =>
        {
            await engine.SetTopicConfigsAsync(topic.Name, With(topic, "index.interval.bytes", "0"), Timeout);
            for (int i = 0; i < 10; i++)
            {
                await AppendAsync(topic, "a");
            }

            return topic.Partitions[0].Log.Opened!.SegmentCount;
        }),
        ["segment.jitter.ms"] = ("600000", static async (engine, topic) =>
        {
            await engine.SetTopicConfigsAsync(topic.Name, With(topic, "segment.ms", "600000"), Timeout);
            for (int minute = 0; minute < 100; minute++)
            {
                await AppendAsync(topic, "a", Start.AddMinutes(minute));
            }

            return topic.Partitions[0].Log.Opened!.SegmentCount > 10;
        }),
        ["segment.ms"] = ("1000", static async (_, topic) =>
        {
            await FillSegmentsAsync(topic);
            return topic.Partitions[0].Log.Opened!.SegmentCount;
        }),
    };

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(WithEffect))]
    public async Task A_change_takes_effect_while_the_topic_is_in_use(string key)
    {
        (string value, Func<LogEngine, Topic, Task<object>> observe) = Cases[key];
        await using LogEngine engine = await LogEngine.OpenAsync(new LogEngineOptions
        {
            DataDirectory = _directory.Path,
            FlushIntervalMs = 600_000,
            Cleaner = new CleanerOptions { Enabled = false },
        }, Timeout);
        Topic before = await engine.CreateTopicAsync("before", 1, cancellationToken: Timeout);
        Topic after = await engine.CreateTopicAsync("after", 1, cancellationToken: Timeout);
        await AppendAsync(after, "a"); // in use
        await AppendAsync(before, "a");
        await engine.SetTopicConfigsAsync("after", new Dictionary<string, string> { [key] = value }, Timeout);
        Assert.Equal(value, after.Config[key]);
        Assert.NotEqual(await observe(engine, before), await observe(engine, after));
    }

    [Fact]
    public void Every_setting_either_has_an_effect_shown_here_or_is_listed_without_one() =>
        Assert.Equal(TopicConfigKeys.All.Select(static k => k.Name), Cases.Keys.Concat(WithoutEffect).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("retention.m", "1", "retention.ms")]
    [InlineData("retention.ms", "-2", null)]
    [InlineData("min.cleanable.dirty.ratio", "1.1", null)]
    [InlineData("cleanup.policy", "compress", null)]
    [InlineData("segment.bytes", "many", null)]
    public async Task A_wrong_change_is_refused_and_changes_nothing(string key, string value, string? nearest)
    {
        await using LogEngine engine = await LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = _directory.Path }, Timeout);
        Topic topic = await engine.CreateTopicAsync("t", 1, cancellationToken: Timeout);
        InvalidTopicConfigException e = await Assert.ThrowsAsync<InvalidTopicConfigException>(() =>
            engine.SetTopicConfigsAsync("t", new Dictionary<string, string> { ["flush.ms"] = "5", [key] = value }, Timeout));
        Assert.Contains(nearest ?? key, e.Message, StringComparison.Ordinal);
        Assert.Empty(topic.Config.Overrides);
    }

    private static Dictionary<string, string> With(Topic topic, string key, string value) =>
        new(topic.Config.Overrides) { [key] = value };

    private static Task CompactAsync(LogEngine engine, Topic topic) =>
        engine.SetTopicConfigsAsync(topic.Name, With(topic, "cleanup.policy", "compact"), Timeout);

    private static Task<object> OptionAsync(Topic topic, Func<LogOptions, object> option) =>
        Task.FromResult(option(topic.Partitions[0].Log.Opened!.Options));

    private static async Task<object> RetainedAsync(LogEngine engine, Topic topic)
    {
        await FillSegmentsAsync(topic);
        topic.Partitions[0].Log.Opened!.Roll();
        await AppendAsync(topic, "a");
        await engine.MaintainAsync();
        return topic.Partitions[0].LogStartOffset > 0;
    }

    private static async Task FillSegmentsAsync(Topic topic)
    {
        for (int i = 0; i < 5; i++)
        {
            await AppendAsync(topic, "a", Start.AddMinutes(i));
        }

        if (topic.Config.IsCompacted)
        {
            topic.Partitions[0].Log.Opened!.Roll();
            await AppendAsync(topic, "a");
        }
    }

    private static async Task<object> CompressedSizeAsync(LogEngine engine, Topic topic, string codec)
    {
        await engine.SetTopicConfigsAsync(topic.Name, With(topic, "compression.type", codec), Timeout);
        var random = new Random(1);
        string text = string.Concat(Enumerable.Range(0, 4000).Select(_ => $"word{random.Next(300)} "));
        long before = topic.Partitions[0].SizeBytes;
        await topic.Partitions[0].AppendAsync([new NewRecord("a"u8.ToArray(), Encoding.UTF8.GetBytes(text))], Timeout);
        return topic.Partitions[0].SizeBytes - before;
    }

    private static async Task<AppendResult> AppendAsync(Topic topic, string? key, DateTimeOffset? time = null)
    {
        ReadOnlyMemory<byte>? bytes = key is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(key);
        try
        {
            return await topic.Partitions[0].AppendAsync(
                [new NewRecord(bytes, "value"u8.ToArray()) { TimestampMs = (time ?? Start).ToUnixTimeMilliseconds() }], Timeout);
        }
        catch (AppendRefusedException e)
        {
            return e.Result;
        }
    }

    private static byte[] BatchOf(string key, string value = "value", CompressionType compression = CompressionType.Lz4)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions { Compression = compression });
        builder.TryAppend(Start.ToUnixTimeMilliseconds(), Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value));
        return builder.Build().ToArray();
    }
}
