using System.Globalization;
using LogQueue.Engine.Errors;
using LogQueue.Records;
using LogQueue.Storage;

namespace LogQueue.Engine.Topics;

/// <summary>The settings of one topic: its own overrides over the engine's defaults over Kafka's. Immutable.</summary>
public sealed class TopicConfig
{
    /// <summary>Kafka's default of 2 GiB would let one small request take all memory.</summary>
    private const int MostDecompressedBytes = 64 << 20;

    private static readonly Dictionary<string, string> None = [];
    private readonly IReadOnlyDictionary<string, string> _engineDefaults;

    internal TopicConfig(IReadOnlyDictionary<string, string> overrides, IReadOnlyDictionary<string, string> engineDefaults)
    {
        Overrides = overrides.Count == 0 ? None : new SortedDictionary<string, string>(overrides.ToDictionary(), StringComparer.Ordinal);
        _engineDefaults = engineDefaults;
        string[] policies = TopicConfigKey.SplitList(this["cleanup.policy"]);
        IsCompacted = policies.Contains("compact");
        DeletesOld = policies.Contains("delete");
        MaxMessageBytes = Int("max.message.bytes");
        RetentionMs = Long("retention.ms");
        RetentionBytes = Long("retention.bytes");
        SegmentBytes = Int("segment.bytes");
        SegmentMs = Long("segment.ms");
        TimestampType = this["message.timestamp.type"] == "LogAppendTime" ? TimestampType.LogAppendTime : TimestampType.CreateTime;
        EngineCompression = this["compression.type"] switch
        {
            "uncompressed" => CompressionType.None,
            "gzip" => CompressionType.Gzip,
            "snappy" => CompressionType.Snappy,
            "zstd" => CompressionType.Zstd,
            _ => CompressionType.Lz4,
        };
        StoredCompression = this["compression.type"] == "producer" ? null : EngineCompression;
        EngineCompressionLevel = EngineCompression switch
        {
            CompressionType.Gzip => Int("compression.gzip.level") is > 0 and int level ? level : null,
            CompressionType.Zstd => Int("compression.zstd.level"),
            CompressionType.Lz4 => Int("compression.lz4.level"),
            _ => null,
        };
    }

    /// <summary>The topic's own settings, by name.</summary>
    public IReadOnlyDictionary<string, string> Overrides { get; }

    /// <summary>True when the last record of each key is kept (<c>cleanup.policy</c>).</summary>
    public bool IsCompacted { get; }

    /// <summary>True when old segments go by time and size (<c>cleanup.policy</c>).</summary>
    public bool DeletesOld { get; }

    /// <summary>Largest batch, in bytes (<c>max.message.bytes</c>).</summary>
    public int MaxMessageBytes { get; }

    /// <summary>How long records stay, in milliseconds; -1 for ever (<c>retention.ms</c>).</summary>
    public long RetentionMs { get; }

    /// <summary>Most bytes of a partition; -1 for no bound (<c>retention.bytes</c>).</summary>
    public long RetentionBytes { get; }

    /// <summary>Size at which a segment rolls, in bytes (<c>segment.bytes</c>).</summary>
    public int SegmentBytes { get; }

    /// <summary>Age at which a segment rolls, in milliseconds (<c>segment.ms</c>).</summary>
    public long SegmentMs { get; }

    /// <summary>Whose clock sets a record's time (<c>message.timestamp.type</c>).</summary>
    public TimestampType TimestampType { get; }

    /// <summary>The codec of batches that the engine itself builds (<c>compression.type</c>; <c>producer</c> means LZ4).</summary>
    public CompressionType EngineCompression { get; }

    /// <summary>The codec into which ready batches are brought; null (<c>producer</c>) when they stay as they are.</summary>
    public CompressionType? StoredCompression { get; }

    /// <summary>Effort of that codec (<c>compression.*.level</c>); null for the codec's own choice.</summary>
    internal int? EngineCompressionLevel { get; }

    /// <summary>The value of a setting as it is in force, as text.</summary>
    /// <exception cref="InvalidTopicConfigException">There is no such setting.</exception>
    public string this[string key] =>
        Overrides.TryGetValue(key, out string? own) ? own
        : _engineDefaults.TryGetValue(key, out string? engine) ? engine
        : TopicConfigKeys.TryGet(key, out TopicConfigKey? known) ? known.Default
        : throw new InvalidTopicConfigException(key, TopicConfigKeys.Check(key, "")!, TopicConfigKeys.Nearest(key));

    /// <summary>Where the value of a setting comes from.</summary>
    public TopicConfigSource SourceOf(string key) =>
        Overrides.ContainsKey(key) ? TopicConfigSource.Topic
        : _engineDefaults.ContainsKey(key) ? TopicConfigSource.Engine
        : TopicConfigSource.Default;

    internal LogOptions ToLogOptions() => new()
    {
        SegmentBytes = SegmentBytes,
        SegmentMs = SegmentMs,
        IndexIntervalBytes = Int("index.interval.bytes"),
        SegmentIndexBytes = Int("segment.index.bytes"),
        RetentionMs = RetentionMs,
        RetentionBytes = RetentionBytes,
        MaxMessageBytes = MaxMessageBytes,
        FlushMessages = Long("flush.messages"),
        FlushMs = Long("flush.ms"),
        Compacted = IsCompacted,
        DeleteOld = DeletesOld,
        TimestampType = TimestampType,
        TimestampBeforeMaxMs = Long("message.timestamp.before.max.ms"),
        TimestampAfterMaxMs = Long("message.timestamp.after.max.ms"),
        MinCleanableDirtyRatio = double.Parse(this["min.cleanable.dirty.ratio"], NumberStyles.Float, CultureInfo.InvariantCulture),
        MinCompactionLagMs = Long("min.compaction.lag.ms"),
        MaxCompactionLagMs = Long("max.compaction.lag.ms"),
        SegmentJitterMs = Long("segment.jitter.ms"),
        DeleteRetentionMs = Long("delete.retention.ms"),
        MaxDecompressedBytes = Math.Min(Int("max.decompressed.message.bytes"), MostDecompressedBytes),
    };

    private int Int(string key) => int.Parse(this[key], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    private long Long(string key) => long.Parse(this[key], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
}
