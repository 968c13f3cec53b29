using LogQueue.Engine.Topics;

namespace LogQueue.Engine;

/// <summary>Settings of one <see cref="LogEngine"/>. Immutable; the defaults are Kafka's where Kafka has the setting.</summary>
public sealed record LogEngineOptions
{
    /// <summary>The directory that holds everything; created when missing. One engine at a time.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>When appends count as done (<c>logqueue.durability</c>).</summary>
    public Durability Durability { get; init; } = Durability.Commit;

    /// <summary>
    /// This node's id (<c>node.id</c>), 0 or more; written to <c>meta.properties</c> at the first open, and kept from there.
    /// </summary>
    public int NodeId { get; init; } = 1;

    /// <summary>Partitions of a topic that is created without a count (<c>num.partitions</c>), 1 to 100,000.</summary>
    public int DefaultPartitionCount { get; init; } = 1;

    /// <summary>Partitions of <c>__consumer_offsets</c> when it is created (<c>offsets.topic.num.partitions</c>), 1 to 1,000.</summary>
    public int OffsetsPartitionCount { get; init; } = 50;

    /// <summary>An empty group's offsets are forgotten after this (<c>offsets.retention.minutes</c>).</summary>
    public TimeSpan OffsetsRetention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// Unsynced data that nobody waits for is synced at most this many milliseconds after its write (<c>log.flush.interval.ms</c>).
    /// </summary>
    public int FlushIntervalMs { get; init; } = 100;

    /// <summary>Unsynced bytes that start a sync at once (<c>logqueue.flush.bytes</c>).</summary>
    public int FlushBytes { get; init; } = 1 << 20;

    /// <summary>Time between two rounds of retention and clean-up (<c>log.retention.check.interval.ms</c>).</summary>
    public TimeSpan MaintenanceInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How compacted topics are cleaned.</summary>
    public CleanerOptions Cleaner { get; init; } = new();

    /// <summary>The clock; tests give their own.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Defaults of topic settings, by topic key (<see cref="TopicConfigKeys"/>); a topic's own setting wins.</summary>
    public IReadOnlyDictionary<string, string> TopicDefaults { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Appends are refused while the disk has fewer free bytes (<c>logqueue.disk.min.free.bytes</c>): the rest is for committed offsets,
    /// metadata and recovery. 0 switches the check off; -1, the default, takes a twentieth of the disk, at most 1 GiB.
    /// </summary>
    public long DiskMinFreeBytes { get; init; } = -1;

    /// <summary>
    /// Whoever waits for an append to be durable is given up after this when a sync hangs (<c>logqueue.sync.wait.limit.ms</c>); the sync
    /// goes on.
    /// </summary>
    public TimeSpan SyncWaitLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Hears, in one line each, of trouble that does not stop the engine: slow syncs, a full disk, settings of a topic that are left out.
    /// Called from threads of the engine; must return soon and not throw. Null for nobody.
    /// </summary>
    public Action<string>? OnWarning { get; init; }

    /// <summary>Partitions opened at the same time; 0 means the number of processors (<c>num.recovery.threads.per.data.dir</c>).</summary>
    public int RecoveryThreads { get; init; }

    /// <summary>
    /// Bytes of sealed data read and checked in a second (<c>logqueue.scrub.bytes.per.second</c>); 0 switches the scrubber off.
    /// </summary>
    public long ScrubBytesPerSecond { get; init; } = 5 << 20;

    /// <summary>All sealed data are checked at most once in this time (<c>logqueue.scrub.interval.ms</c>).</summary>
    public TimeSpan ScrubInterval { get; init; } = TimeSpan.FromDays(7);

    /// <summary>
    /// Hears, in words, of every damaged range: at open, and when a read or the scrubber finds it. Called on any thread; keep it short.
    /// </summary>
    public Action<string>? DamageFound { get; init; }

    /// <summary>
    /// Connections that the program will hold beside the engine (<c>max.connections</c>): room for them is kept out of the limit of open
    /// files, at most a third of it (<see cref="OpenFileLimits.MostConnections"/>). 0, the default, for a program without any.
    /// </summary>
    public int Connections { get; init; }

    /// <summary>Files that the process may have open; 0 asks the system.</summary>
    internal int OpenFileLimit { get; init; }

    /// <summary>The engines that share the limits of the process.</summary>
    internal Opening.EngineCount Engines { get; init; } = Opening.EngineCount.OfProcess;

    /// <summary>Bytes of each of the two files of the commit journal.</summary>
    internal int JournalFileBytes { get; init; } = 16 << 20;

    /// <summary>Everything that is wrong with these options, in words; empty when they are good.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        Check(!string.IsNullOrWhiteSpace(DataDirectory), "DataDirectory is empty: name the directory that shall hold the logs.");
        Check(Enum.IsDefined(Durability), $"Durability {Durability} is unknown: use Commit or Os.");
        Check(NodeId >= 0, $"NodeId is {NodeId}: it must be 0 or more.");
        Check(DefaultPartitionCount is >= 1 and <= 100_000, $"DefaultPartitionCount is {DefaultPartitionCount}: it must be 1 to 100000.");
        Check(OffsetsPartitionCount is >= 1 and <= 1_000, $"OffsetsPartitionCount is {OffsetsPartitionCount}: it must be 1 to 1000.");
        Check(OffsetsRetention > TimeSpan.Zero, $"OffsetsRetention is {OffsetsRetention}: it must be positive.");
        Check(FlushIntervalMs >= 1, $"FlushIntervalMs is {FlushIntervalMs}: it must be at least 1.");
        Check(FlushBytes >= 1, $"FlushBytes is {FlushBytes}: it must be at least 1.");
        Check(
            MaintenanceInterval > TimeSpan.Zero && MaintenanceInterval <= TimeSpan.FromDays(24),
            $"MaintenanceInterval is {MaintenanceInterval}: it must be positive and at most 24 days.");
        Check(TimeProvider is not null, "TimeProvider is null: leave it out for the system clock.");
        Check(DiskMinFreeBytes >= -1, $"DiskMinFreeBytes is {DiskMinFreeBytes}: it must be 0 or more, or -1 for the automatic bound.");
        Check(
            SyncWaitLimit >= TimeSpan.FromSeconds(1) && SyncWaitLimit <= TimeSpan.FromDays(1),
            $"SyncWaitLimit is {SyncWaitLimit}: it must be 1 second to 1 day.");
        Check(Connections >= 0, $"Connections is {Connections}: it must be 0 or more.");
        Check(RecoveryThreads is >= 0 and <= 1_024, $"RecoveryThreads is {RecoveryThreads}: it must be 0 to 1024.");
        problems.AddRange(Cleaner?.Validate() ?? ["Cleaner is null: leave it out for the defaults."]);
        Check(ScrubBytesPerSecond >= 0, $"ScrubBytesPerSecond is {ScrubBytesPerSecond}: it must be 0 or more.");
        Check(
            ScrubInterval > TimeSpan.Zero && ScrubInterval <= TimeSpan.FromDays(49),
            $"ScrubInterval is {ScrubInterval}: it must be positive and at most 49 days.");
        foreach ((string key, string value) in TopicDefaults)
        {
            if (TopicConfigKeys.Check(key, value) is { } problem)
            {
                problems.Add("TopicDefaults: " + problem);
            }
        }

        return problems;

        void Check(bool good, string problem)
        {
            if (!good)
            {
                problems.Add(problem);
            }
        }
    }
}
