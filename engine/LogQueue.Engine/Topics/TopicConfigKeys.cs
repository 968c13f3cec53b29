using System.Collections.Frozen;
using System.Globalization;
using LogQueue.Engine.Errors;

namespace LogQueue.Engine.Topics;

/// <summary>
/// The table of topic settings: Kafka 4.4's names, types, defaults and ranges, with what they do here.
/// Settings that need more than one node, or a remote store, are accepted and kept, and their text says that they do nothing here.
/// </summary>
public static class TopicConfigKeys
{
    private const long Never = long.MaxValue;
    private const string Hour = "3600000";
    private const string Day = "86400000";
    private const string Week = "604800000";
    private const string OneNode = " Kept for tools; does nothing on one node.";
    private const string NoRemote = " Kept for tools; there is no remote store here.";

    private static readonly string[] CompressionWords = ["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];

    private static readonly TopicConfigKey[] Table =
    [
        Words("cleanup.policy", TopicConfigType.List, "delete", ["compact", "delete"], "log.cleanup.policy",
            "What happens to old records: delete drops whole segments by time and size, compact keeps the last record of each key, both does both."),
        Number("compression.gzip.level", TopicConfigType.Int, "-1", -1, 9, "compression.gzip.level",
            "Effort of gzip where the engine compresses: 1 to 9, or -1 for the codec's own choice."),
        Number("compression.lz4.level", TopicConfigType.Int, "9", 1, 17, "compression.lz4.level",
            "Effort of lz4 where the engine compresses; 9 is the fast compressor, as in Kafka."),
        Words("compression.type", TopicConfigType.String, "producer", CompressionWords, "compression.type",
            "Codec of batches that the engine builds; producer means lz4. Batches that arrive ready are stored as they are."),
        Number("compression.zstd.level", TopicConfigType.Int, "3", -131072, 22, "compression.zstd.level",
            "Effort of zstd where the engine compresses."),
        Number("delete.retention.ms", TopicConfigType.Long, Day, 0, Never, "log.cleaner.delete.retention.ms",
            "How long a tombstone of a compacted topic stays readable after it was cleaned, in milliseconds."),
        Flag("errors.deadletterqueue.group.enable", "Lets share groups send records here that could not be processed." + OneNode),
        Number("file.delete.delay.ms", TopicConfigType.Long, "60000", 0, Never, "log.segment.delete.delay.ms",
            "Kafka's wait before it unlinks a file. Kept for tools; here a file goes when its last reader is done."),
        Number("flush.messages", TopicConfigType.Long, "9223372036854775807", 1, Never, "log.flush.interval.messages",
            "A sync is started after this many records."),
        Number("flush.ms", TopicConfigType.Long, "9223372036854775807", 0, Never, "log.flush.interval.ms",
            "A sync is started at most this long after a write, in milliseconds; the engine's own bound holds too."),
        Words("follower.replication.throttled.replicas", TopicConfigType.List, "", [], null,
            "Replicas whose fetching is slowed." + OneNode),
        Number("index.interval.bytes", TopicConfigType.Int, "4096", 0, int.MaxValue, "log.index.interval.bytes",
            "Bytes of log between two entries of the offset index: smaller finds faster, larger takes less memory."),
        Words("leader.replication.throttled.replicas", TopicConfigType.List, "", [], null, "Replicas whose sending is slowed." + OneNode),
        Number("local.retention.bytes", TopicConfigType.Long, "-2", -2, Never, "log.local.retention.bytes",
            "Local share of a tiered topic, in bytes." + NoRemote),
        Number("local.retention.ms", TopicConfigType.Long, "-2", -2, Never, "log.local.retention.ms",
            "Local share of a tiered topic, in milliseconds." + NoRemote),
        Number("max.compaction.lag.ms", TopicConfigType.Long, "9223372036854775807", 1, Never, "log.cleaner.max.compaction.lag.ms",
            "A record of a compacted topic is cleaned at the latest this long after it was written, in milliseconds."),
        Number("max.decompressed.message.bytes", TopicConfigType.Int, "2147483639", 1, 2147483639, "max.decompressed.message.bytes",
            "Largest batch after decompression, in bytes, where the engine has to open one (compacted topics); at most 64 MiB count."),
        Number("max.message.bytes", TopicConfigType.Int, "1048588", 0, int.MaxValue, "message.max.bytes",
            "Largest record batch that is accepted, in bytes, as it stands in the log."),
        Number("message.timestamp.after.max.ms", TopicConfigType.Long, Hour, 0, Never, "log.message.timestamp.after.max.ms",
            "How far a record's own time may lie in the future, in milliseconds."),
        Number("message.timestamp.before.max.ms", TopicConfigType.Long, "9223372036854775807", 0, Never,
            "log.message.timestamp.before.max.ms",
            "How far a record's own time may lie in the past, in milliseconds."),
        Words("message.timestamp.type", TopicConfigType.String, "CreateTime", ["CreateTime", "LogAppendTime"], "log.message.timestamp.type",
            "Whose clock sets a record's time: the producer's or the engine's."),
        Number("min.cleanable.dirty.ratio", TopicConfigType.Double, "0.5", 0, 1, "log.cleaner.min.cleanable.ratio",
            "Share of a compacted log that must be new before it is cleaned again."),
        Number("min.compaction.lag.ms", TopicConfigType.Long, "0", 0, Never, "log.cleaner.min.compaction.lag.ms",
            "A record of a compacted topic stays at least this long, in milliseconds."),
        Number("min.insync.replicas", TopicConfigType.Int, "1", 1, int.MaxValue, "min.insync.replicas",
            "Replicas that must have a record before it is acknowledged." + OneNode),
        Flag("preallocate", "Kafka's switch for preallocated segments. Kept for tools; segments are always preallocated in steps here.",
            "log.preallocate"),
        Number("remote.copy.lag.bytes", TopicConfigType.Long, "-1", -1, Never, "log.remote.copy.lag.bytes",
            "Bytes that stay local before they are copied away." + NoRemote),
        Number("remote.copy.lag.ms", TopicConfigType.Long, "0", -1, Never, "log.remote.copy.lag.ms",
            "Milliseconds that data stay local before they are copied away." + NoRemote),
        Flag("remote.log.copy.disable", "Makes the remote part read-only." + NoRemote),
        Flag("remote.log.delete.on.disable", "Deletes the remote part when tiering is switched off." + NoRemote),
        Flag("remote.storage.enable", "Switches tiering on." + NoRemote),
        Number("retention.bytes", TopicConfigType.Long, "-1", -1, Never, "log.retention.bytes",
            "Most bytes of a partition before its oldest segments go; -1 for no bound."),
        Number("retention.ms", TopicConfigType.Long, Week, -1, Never, "log.retention.ms",
            "How long records stay, in milliseconds, by the newest time in their segment; -1 for ever."),
        Number("segment.bytes", TopicConfigType.Int, "1073741824", 1 << 20, int.MaxValue, "log.segment.bytes",
            "Size at which a new segment file is started; retention and compaction work on whole segments."),
        Number("segment.index.bytes", TopicConfigType.Int, "10485760", 4, int.MaxValue, "log.index.size.max.bytes",
            "Largest offset or time index of a segment, in bytes; a full one starts a new segment."),
        Number("segment.jitter.ms", TopicConfigType.Long, "0", 0, Never, "log.roll.jitter.ms",
            "Most random milliseconds taken off segment.ms, so that many partitions do not roll at once."),
        Number("segment.ms", TopicConfigType.Long, Week, 1, Never, "log.roll.ms",
            "Age at which a new segment file is started although the old one is not full, in milliseconds."),
        Flag("unclean.leader.election.enable", "Lets a replica lead that lacks records." + OneNode, "unclean.leader.election.enable"),
    ];

    private static readonly FrozenDictionary<string, TopicConfigKey> ByName =
        Table.ToFrozenDictionary(static k => k.Name, StringComparer.Ordinal);

    /// <summary>All settings, sorted by name.</summary>
    public static IReadOnlyList<TopicConfigKey> All => Table;

    /// <summary>Finds a setting by its exact name.</summary>
    public static bool TryGet(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out TopicConfigKey? key) =>
        ByName.TryGetValue(name, out key);

    /// <summary>The known name nearest to an unknown one; null when none is near.</summary>
    public static string? Nearest(string name) => NearestName.Of(name, Table.Select(static k => k.Name));

    /// <summary>What is wrong with a setting, in words; null when it is good.</summary>
    public static string? Check(string name, string? value)
    {
        if (!ByName.TryGetValue(name, out TopicConfigKey? key))
        {
            string hint = Nearest(name) is { } nearest ? $" Did you mean '{nearest}'?" : "";
            return $"Unknown topic setting '{name}'.{hint}";
        }

        return value is null ? $"Topic setting '{name}' has no value." : key.Problem(value);
    }

    /// <summary>Checks a set of settings.</summary>
    /// <exception cref="InvalidTopicConfigException">The first setting that is wrong.</exception>
    public static void Validate(IReadOnlyDictionary<string, string> configs)
    {
        foreach ((string name, string value) in configs)
        {
            if (Check(name, value) is { } problem)
            {
                throw new InvalidTopicConfigException(name, problem, ByName.ContainsKey(name) ? null : Nearest(name));
            }
        }
    }

    /// <summary>
    /// Translates a broker setting such as <c>log.retention.hours</c> into the topic setting it is the default of. False when there is
    /// none.
    /// The value is not checked: <see cref="Check"/> does that.
    /// </summary>
    public static bool TryFromBroker(string brokerKey, string brokerValue, out string name, out string value)
    {
        (string ms, long factor) = brokerKey switch
        {
            "log.retention.hours" => ("retention.ms", 3_600_000L),
            "log.retention.minutes" => ("retention.ms", 60_000L),
            "log.roll.hours" => ("segment.ms", 3_600_000L),
            "log.roll.jitter.hours" => ("segment.jitter.ms", 3_600_000L),
            _ => ("", 0L),
        };
        if (factor != 0)
        {
            bool isNumber = long.TryParse(brokerValue, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number);
            (name, value) = (ms, !isNumber ? brokerValue : number < 0 ? "-1"
                : ((Int128)number * factor).ToString(CultureInfo.InvariantCulture));
            return true;
        }

        TopicConfigKey? key = Array.Find(Table, k => k.BrokerKey == brokerKey);
        (name, value) = (key?.Name ?? "", brokerValue);
        return key is not null;
    }

    private static TopicConfigKey Number(string name, TopicConfigType type, string @default, double min, double max, string? brokerKey,
        string doc) =>
        new() { Name = name, Type = type, Default = @default, Doc = doc, BrokerKey = brokerKey, Min = min, Max = max };

    private static TopicConfigKey Words(string name, TopicConfigType type, string @default, string[] words, string? brokerKey,
        string doc) =>
        new() { Name = name, Type = type, Default = @default, Doc = doc, BrokerKey = brokerKey, Words = words };

    private static TopicConfigKey Flag(string name, string doc, string? brokerKey = null) =>
        new() { Name = name, Type = TopicConfigType.Boolean, Default = "false", Doc = doc, BrokerKey = brokerKey };
}
