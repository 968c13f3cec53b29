using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using LogQueue.Engine.Topics;

namespace LogQueue.Server.Config;

/// <summary>
/// The table of broker settings: Kafka's names and types, with what they do here, and ours, which begin with <c>logqueue.</c>.
/// Settings of Kafka that one node has no use for are known, so that its files can be used, and do nothing. Immutable; thread-safe.
/// </summary>
internal static class BrokerConfigKeys
{
    // Where our default is not Kafka's.
    private static readonly Dictionary<string, string?> OurDefaults = new(StringComparer.Ordinal)
    {
        ["listeners"] = "PLAINTEXT://127.0.0.1:9092",
        ["log.dir"] = null,
        ["max.connections"] = "10000",
        ["socket.listen.backlog.size"] = "512",
        ["socket.send.buffer.bytes"] = "-1",
        ["socket.receive.buffer.bytes"] = "-1",
        ["log.flush.interval.ms"] = "100",
        ["offsets.topic.replication.factor"] = "1",
        ["sasl.enabled.mechanisms"] = "",
    };

    private static readonly (string Name, BrokerConfigType Type, string? Default, string Doc)[] Ours =
    [
        ("logqueue.durability", BrokerConfigType.String, "commit", "commit: acks=all answers after the disk has it; os: after the write."),
        ("logqueue.flush.bytes", BrokerConfigType.Int, "1048576", "Unsynced bytes that start a sync at once."),
        ("logqueue.disk.min.free.bytes", BrokerConfigType.Long, "-1",
            "Records are refused while the disk has fewer free bytes; 0: never; -1: a twentieth of the disk, at most 1 GiB."),
        ("logqueue.sync.wait.limit.ms", BrokerConfigType.Long, "30000",
            "A produce that has waited this long for a sync that hangs is answered with a timeout; the sync goes on."),
        ("logqueue.scrub.bytes.per.second", BrokerConfigType.Long, "5242880",
            "Bytes of sealed data read and checked in a second; 0 switches the check off."),
        ("logqueue.scrub.interval.ms", BrokerConfigType.Long, "604800000", "All sealed data are checked at most once in this time."),
        ("logqueue.replication.factor.policy", BrokerConfigType.String, "strict",
            "strict refuses a replication factor above 1, clamp takes it as 1."),
        ("logqueue.frame.timeout.ms", BrokerConfigType.Long, "30000",
            "A request that has begun to arrive must be complete within this time."),
        ("logqueue.send.stall.timeout.ms", BrokerConfigType.Long, "30000",
            "A client that takes no bytes of its response for this long is disconnected."),
    ];

    // Built from the tables above, so it stands below them.
    private static readonly FrozenDictionary<string, BrokerConfigKey> ByName =
        Build().ToFrozenDictionary(static k => k.Name, StringComparer.Ordinal);

    /// <summary>All settings, sorted by name.</summary>
    public static IReadOnlyList<BrokerConfigKey> All { get; } = [.. ByName.Values.OrderBy(static k => k.Name, StringComparer.Ordinal)];

    /// <summary>Finds a setting by its exact name.</summary>
    public static bool TryGet(string name, [NotNullWhen(true)] out BrokerConfigKey? key) => ByName.TryGetValue(name, out key);

    /// <summary>The known name nearest to an unknown one; null when none is near.</summary>
    public static string? Nearest(string name)
    {
        string? nearest = null;
        int most = Math.Max(2, name.Length / 3);
        foreach (BrokerConfigKey key in All)
        {
            // A forgotten or superfluous first word, such as retention.ms for log.retention.ms, is the commonest slip.
            int distance = key.Name == "log." + name ? 0
                : key.Name.EndsWith("." + name, StringComparison.Ordinal) ? 1
                : Distance(name, key.Name, most);
            if (distance <= most && (nearest is null || distance < most))
            {
                (nearest, most) = (key.Name, distance);
            }
        }

        return nearest;
    }

    private static IEnumerable<BrokerConfigKey> Build()
    {
        Dictionary<string, string> docs = Applied();
        foreach (string line in KafkaBrokerKeys.Table.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] parts = line.Split(' ', 3);
            string? value = parts.Length < 3 ? "" : parts[2] == "-" ? null : parts[2];
            string? doc = docs.GetValueOrDefault(parts[0]);
            if (doc is null && TopicConfigKeys.TryFromBroker(parts[0], "", out string topicKey, out _)
                && TopicConfigKeys.TryGet(topicKey, out TopicConfigKey? key))
            {
                doc = $"Default of the topic setting {topicKey}. {key.Doc}";
            }

            yield return new BrokerConfigKey(
                parts[0], Enum.Parse<BrokerConfigType>(parts[1], ignoreCase: true), OurDefaults.GetValueOrDefault(parts[0], value), doc);
        }

        foreach ((string name, BrokerConfigType type, string? @default, string doc) in Ours)
        {
            yield return new BrokerConfigKey(name, type, @default, doc);
        }
    }

    private static Dictionary<string, string> Applied() => new(StringComparer.Ordinal)
    {
        ["listeners"] = "Where to listen, as PLAINTEXT://host:port; port 0 takes a free one.",
        ["advertised.listeners"] = "Where clients are told to connect to; unset or auto: the address they reached us at.",
        ["listener.security.protocol.map"] = "Protocols of named listeners; only PLAINTEXT is served.",
        ["broker.rack"] = "Rack or site of this broker, as clients are told.",
        ["node.id"] = "This node's number, written to the data directory at the first start.",
        ["broker.id"] = "Older name of node.id.",
        ["log.dirs"] = "The data directory; one.",
        ["log.dir"] = "The data directory.",
        ["num.partitions"] = "Partitions of a topic that is created without a count.",
        ["auto.create.topics.enable"] = "Metadata requests of producers create missing topics.",
        ["delete.topic.enable"] = "Clients may delete topics.",
        ["max.connections"] = "Most connections at once.",
        ["max.connections.per.ip"] = "Most connections at once from one address.",
        ["connections.max.idle.ms"] = "A connection on which nothing arrives for this long is closed.",
        ["socket.request.max.bytes"] = "Largest request; a larger one closes its connection.",
        ["socket.listen.backlog.size"] = "Length of the kernel's queue of connections not yet accepted.",
        ["socket.send.buffer.bytes"] = "Kernel send buffer; -1 leaves it to the kernel.",
        ["socket.receive.buffer.bytes"] = "Kernel receive buffer; -1 leaves it to the kernel.",
        ["queued.max.request.bytes"] = "Bytes that all requests in work may hold; -1: a quarter of the memory the process may use.",
        ["queued.max.requests"] = "Requests of one connection that may wait for their response.",
        ["fetch.max.bytes"] = "Most record bytes of a fetch response.",
        ["group.initial.rebalance.delay.ms"] = "How long an empty group waits for further members before it first balances.",
        ["group.min.session.timeout.ms"] = "Shortest session timeout of group members.",
        ["group.max.session.timeout.ms"] = "Longest session timeout of group members.",
        ["group.max.size"] = "Most members of a group.",
        ["offset.metadata.max.bytes"] = "Longest metadata of a committed offset.",
        ["offsets.retention.minutes"] = "Offsets of a group without members are kept this long.",
        ["offsets.topic.num.partitions"] = "Partitions of the topic of committed offsets when it is first created.",
        ["log.cleaner.enable"] = "Compacted topics are cleaned in the background.",
        ["log.cleaner.threads"] = "Partitions cleaned at the same time.",
        ["log.cleaner.backoff.ms"] = "Wait of a cleaner when nothing is due.",
        ["log.cleaner.dedupe.buffer.size"] = "Most bytes of all cleaners' tables of keys together; a key takes 24.",
        ["log.cleaner.io.max.bytes.per.second"] = "Most bytes that all cleaners together read and write in a second.",
        ["log.retention.check.interval.ms"] = "Time between two rounds of retention.",
        ["num.recovery.threads.per.data.dir"] = "Partitions opened at the same time.",
    };

    // Levenshtein's distance, given up once it must exceed most.
    private static int Distance(string a, string b, int most)
    {
        if (Math.Abs(a.Length - b.Length) > most)
        {
            return most + 1;
        }

        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[b.Length];
    }
}
