using LogQueue.Engine;
using LogQueue.Engine.Topics;
using LogQueue.Server.Config;

namespace LogQueue.Server;

/// <summary>
/// The configuration of a broker: Kafka's own keys and units, ours with the prefix <c>logqueue.</c>. Immutable; thread-safe.
/// </summary>
public sealed class ServerConfig
{
    private const string DefaultDataDirectory = ".logqueue";

    // What single-node files of Kafka are full of: no word about these.
    private static readonly HashSet<string> Silent = new(StringComparer.Ordinal)
    {
        "process.roles", "controller.listener.names", "controller.quorum.voters", "controller.quorum.bootstrap.servers",
        "inter.broker.listener.name", "listener.security.protocol.map", "default.replication.factor", "min.insync.replicas",
        "offsets.topic.replication.factor", "transaction.state.log.replication.factor", "transaction.state.log.min.isr",
        "share.coordinator.state.topic.replication.factor", "share.coordinator.state.topic.min.isr",
        "num.network.threads", "num.io.threads",
    };

    // In order of precedence, the strongest last.
    private static readonly string[] RanksByUnit =
        ["log.retention.hours", "log.retention.minutes", "log.retention.ms", "log.roll.hours", "log.roll.ms", "log.roll.jitter.hours",
            "log.roll.jitter.ms"];

    private ServerConfig(ServerOptions server, LogEngineOptions engine, IReadOnlyList<string> notes)
    {
        Server = server;
        Engine = engine;
        Notes = notes;
    }

    /// <summary>How to serve.</summary>
    public ServerOptions Server { get; }

    /// <summary>How to store.</summary>
    public LogEngineOptions Engine { get; }

    /// <summary>What was accepted and does nothing here, a sentence each: to be shown once at the start.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>Reads a <c>server.properties</c> file and settings that go before it.</summary>
    /// <param name="path">The file; null for none.</param>
    /// <param name="overrides">Settings as <c>key=value</c>, later ones first in rank.</param>
    /// <param name="dataDirectory">Used when <c>log.dirs</c> is not set.</param>
    /// <exception cref="ServerConfigException">The file cannot be read, or a setting is unknown or has a bad value.</exception>
    public static ServerConfig Load(string? path, IEnumerable<string> overrides, string? dataDirectory = null)
    {
        ArgumentNullException.ThrowIfNull(overrides);
        var problems = new List<string>();
        var settings = new List<KeyValuePair<string, string>>();
        if (path is not null)
        {
            try
            {
                settings.AddRange(PropertiesFile.Parse(File.ReadAllText(path), problems));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                problems.Add($"Cannot read the configuration '{path}': {e.Message}");
            }
        }

        foreach (string setting in overrides)
        {
            int equals = setting.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                problems.Add($"'{setting}' is no setting. Write key=value.");
            }
            else
            {
                settings.Add(new KeyValuePair<string, string>(setting[..equals].Trim(), setting[(equals + 1)..].Trim()));
            }
        }

        return problems.Count > 0 ? throw new ServerConfigException(problems) : Parse(settings, dataDirectory);
    }

    /// <summary>Makes options of settings; of a key that comes twice the last counts.</summary>
    /// <param name="settings">Keys and values.</param>
    /// <param name="dataDirectory">Used when <c>log.dirs</c> is not set.</param>
    /// <exception cref="ServerConfigException">A setting is unknown or has a bad value; every problem is named.</exception>
    public static ServerConfig Parse(IEnumerable<KeyValuePair<string, string>> settings, string? dataDirectory = null)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string key, string value) in settings)
        {
            given[key] = value;
        }

        var values = new ConfigValues(given);
        var notes = new List<string>();
        CheckNames(given, values.Problems, notes);
        ServerOptions server = ReadServer(values, given);
        LogEngineOptions engine = ReadEngine(values, given, dataDirectory) with { Connections = server.MaxConnections };
        if (values.Problems.Count == 0)
        {
            values.Problems.AddRange(server.Validate());
            values.Problems.AddRange(engine.Validate());
        }

        return values.Problems.Count > 0 ? throw new ServerConfigException(values.Problems) : new ServerConfig(server, engine, notes);
    }

    private static void CheckNames(Dictionary<string, string> given, List<string> problems, List<string> notes)
    {
        foreach (string name in given.Keys)
        {
            if (!BrokerConfigKeys.TryGet(name, out BrokerConfigKey? key))
            {
                string hint = BrokerConfigKeys.Nearest(name) is { } nearest ? $" Did you mean '{nearest}'?" : "";
                problems.Add($"Unknown setting '{LogText.Clean(name)}'.{hint}");
            }
            else if (!key.IsApplied && !Silent.Contains(name))
            {
                notes.Add($"{name} is known from Kafka and has no effect here.");
            }
        }
    }

    private static ServerOptions ReadServer(ConfigValues values, Dictionary<string, string> given)
    {
        var defaults = new ServerOptions();
        ListenerAddress? listener = ListenerAddress.ForClients("listeners", values);
        ListenerAddress? advertised = values.Text("advertised.listeners") == "auto" ? null
            : ListenerAddress.ForClients("advertised.listeners", values);
        return defaults with
        {
            Host = listener is null ? defaults.Host : listener.Host.Length == 0 ? "0.0.0.0" : listener.Host,
            Port = listener?.Port ?? defaults.Port,
            AdvertisedHost = advertised is { Host.Length: > 0 } ? advertised.Host : null,
            AdvertisedPort = advertised?.Port,
            Rack = values.Text("broker.rack"),
            MaxConnections = values.Int("max.connections", defaults.MaxConnections, 1),
            MaxConnectionsPerAddress = values.Int("max.connections.per.ip", defaults.MaxConnectionsPerAddress, 1),
            IdleTimeout = values.Milliseconds("connections.max.idle.ms", defaults.IdleTimeout),
            FrameTimeout = values.Milliseconds("logqueue.frame.timeout.ms", defaults.FrameTimeout),
            SendStallTimeout = values.Milliseconds("logqueue.send.stall.timeout.ms", defaults.SendStallTimeout),
            MaxRequestBytes = values.Int("socket.request.max.bytes", defaults.MaxRequestBytes, 1024),
            MaxQueuedRequestBytes = values.Long("queued.max.request.bytes", defaults.MaxQueuedRequestBytes, -1),
            MaxQueuedRequests = values.Int("queued.max.requests", defaults.MaxQueuedRequests, 1),
            ListenBacklog = values.Int("socket.listen.backlog.size", defaults.ListenBacklog, 1),
            SendBufferBytes = values.Int("socket.send.buffer.bytes", defaults.SendBufferBytes, -1),
            ReceiveBufferBytes = values.Int("socket.receive.buffer.bytes", defaults.ReceiveBufferBytes, -1),
            FetchMaxBytes = values.Int("fetch.max.bytes", defaults.FetchMaxBytes, 1024),
            AutoCreateTopics = values.Flag("auto.create.topics.enable", defaults.AutoCreateTopics),
            DeleteTopics = values.Flag("delete.topic.enable", defaults.DeleteTopics),
            ClampReplicationFactor = values.Word("logqueue.replication.factor.policy", "strict", "clamp") == "clamp",
            GroupInitialRebalanceDelayMs = values.Int("group.initial.rebalance.delay.ms", defaults.GroupInitialRebalanceDelayMs),
            GroupMinSessionTimeoutMs = values.Int("group.min.session.timeout.ms", defaults.GroupMinSessionTimeoutMs, 1),
            GroupMaxSessionTimeoutMs = values.Int("group.max.session.timeout.ms", defaults.GroupMaxSessionTimeoutMs, 1),
            GroupMaxSize = values.Int("group.max.size", defaults.GroupMaxSize, 1),
            OffsetMetadataMaxBytes = values.Int("offset.metadata.max.bytes", defaults.OffsetMetadataMaxBytes),
            OffsetsRetention =
                TimeSpan.FromMinutes(values.Int("offsets.retention.minutes", (int)defaults.OffsetsRetention.TotalMinutes, 1)),
            BrokerConfigs = given,
        };
    }

    private static LogEngineOptions ReadEngine(ConfigValues values, Dictionary<string, string> given, string? dataDirectory)
    {
        string directory = values.Text("log.dirs") ?? values.Text("log.dir") ?? dataDirectory ?? DefaultDataDirectory;
        if (directory.Contains(',', StringComparison.Ordinal))
        {
            values.Problems.Add($"log.dirs={directory}: one data directory is served; put several disks under one file system.");
        }

        var defaults = new LogEngineOptions { DataDirectory = directory };
        int nodeId = values.Int("broker.id", defaults.NodeId, -1);
        return defaults with
        {
            NodeId = values.Int("node.id", nodeId < 0 ? defaults.NodeId : nodeId),
            Durability = values.Word("logqueue.durability", "commit", "os") == "os" ? Durability.Os : Durability.Commit,
            DefaultPartitionCount = values.Int("num.partitions", defaults.DefaultPartitionCount, 1),
            OffsetsPartitionCount = values.Int("offsets.topic.num.partitions", defaults.OffsetsPartitionCount, 1),
            OffsetsRetention =
                TimeSpan.FromMinutes(values.Int("offsets.retention.minutes", (int)defaults.OffsetsRetention.TotalMinutes, 1)),
            FlushIntervalMs = (int)Math.Min(int.MaxValue, values.Long("log.flush.interval.ms", defaults.FlushIntervalMs, 1)),
            FlushBytes = values.Int("logqueue.flush.bytes", defaults.FlushBytes, 1),
            MaintenanceInterval = values.Milliseconds("log.retention.check.interval.ms", defaults.MaintenanceInterval),
            DiskMinFreeBytes = values.Long("logqueue.disk.min.free.bytes", defaults.DiskMinFreeBytes, -1),
            SyncWaitLimit = TimeSpan.FromMilliseconds(
                values.Long("logqueue.sync.wait.limit.ms", (long)defaults.SyncWaitLimit.TotalMilliseconds, 1000, 86_400_000)),
            ScrubBytesPerSecond = values.Long("logqueue.scrub.bytes.per.second", defaults.ScrubBytesPerSecond),
            ScrubInterval = values.Milliseconds("logqueue.scrub.interval.ms", defaults.ScrubInterval),
            RecoveryThreads = values.Int("num.recovery.threads.per.data.dir", defaults.RecoveryThreads),
            Cleaner = ReadCleaner(values, defaults.Cleaner),
            TopicDefaults = ReadTopicDefaults(values, given),
        };
    }

    private static CleanerOptions ReadCleaner(ConfigValues values, CleanerOptions defaults) => defaults with
    {
        Enabled = values.Flag("log.cleaner.enable", defaults.Enabled),
        Threads = values.Int("log.cleaner.threads", defaults.Threads, 1, 64),
        Backoff = values.Milliseconds("log.cleaner.backoff.ms", defaults.Backoff),
        DedupeBufferBytes = values.Long("log.cleaner.dedupe.buffer.size", defaults.DedupeBufferBytes, 1024),
        MaxBytesPerSecond = values.Number("log.cleaner.io.max.bytes.per.second", defaults.MaxBytesPerSecond),
    };

    private static Dictionary<string, string> ReadTopicDefaults(ConfigValues values, Dictionary<string, string> given)
    {
        var defaults = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string key in given.Keys.OrderBy(static key => Array.IndexOf(RanksByUnit, key)))
        {
            if (values.Text(key) is not { } text || !TopicConfigKeys.TryFromBroker(key, text, out string name, out string value))
            {
                continue;
            }

            if (TopicConfigKeys.Check(name, value) is { } problem)
            {
                values.Problems.Add($"{key}={text}: {problem}");
            }
            else
            {
                defaults[name] = value;
            }
        }

        return defaults;
    }
}
