using LogQueue.Records;

namespace LogQueue.Client;

/// <summary>What a <see cref="Consumer"/> reads, from where, and how far ahead. Immutable.</summary>
public sealed record ConsumerOptions
{
    /// <summary>The group that shares the topics' partitions and stores offsets; null: no group, all partitions, nothing stored.</summary>
    public string? Group { get; init; }

    /// <summary>The topics to read. With <see cref="Partitions"/> set, leave empty.</summary>
    public IReadOnlyList<string> Topics { get; init; } = [];

    /// <summary>
    /// Fixed partitions instead of topics. With <see cref="Group"/> set, offsets are loaded and committed but there is no membership.
    /// </summary>
    public IReadOnlyList<TopicPartition>? Partitions { get; init; }

    /// <summary>Where to start without a committed offset.</summary>
    public StartPosition Start { get; init; } = StartPosition.End;

    /// <summary>What to do when the offset is out of the log's range.</summary>
    public OutOfRangePolicy OutOfRange { get; init; } = OutOfRangePolicy.Reset;

    /// <summary>End the enumeration when the end offsets seen at the start are reached (of the partitions assigned then).</summary>
    public bool StopAtEnd { get; init; }

    /// <summary>
    /// Commit by itself, every <see cref="AutoCommitInterval"/>, at rebalances and at the end, what was yielded and asked past.
    /// </summary>
    public bool AutoCommit { get; init; } = true;

    /// <summary>The time between automatic commits.</summary>
    public TimeSpan AutoCommitInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Without a sign of life for this long a member loses its partitions.</summary>
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>The time between two signs of life.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a rebalance waits for this member to hand over.</summary>
    public TimeSpan RebalanceTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>A name that survives restarts (static membership): a restart within the session time-out causes no rebalance.</summary>
    public string? GroupInstanceId { get; init; }

    /// <summary>
    /// The assignors this member supports, best first. Name <see cref="GroupAssignor.CooperativeSticky"/> alone, in all members, to go on
    /// reading during rebalances; a group changes over by a rolling restart, for the default list holds it, too.
    /// </summary>
    public IReadOnlyList<GroupAssignor> Assignors { get; init; } =
        [GroupAssignor.Range, GroupAssignor.RoundRobin, GroupAssignor.CooperativeSticky];

    /// <summary>Told about partitions that come and go.</summary>
    public IRebalanceListener? RebalanceListener { get; init; }

    /// <summary>Which records of transactions to yield.</summary>
    public IsolationLevel Isolation { get; init; } = IsolationLevel.ReadUncommitted;

    /// <summary>The most bytes one fetch answers with.</summary>
    public int FetchMaxBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>The most bytes one fetch answers with for one partition.</summary>
    public int FetchMaxPartitionBytes { get; init; } = 1024 * 1024;

    /// <summary>The broker answers as soon as it has this many bytes.</summary>
    public int FetchMinBytes { get; init; } = 1;

    /// <summary>How long the broker holds a fetch that finds nothing.</summary>
    public TimeSpan FetchMaxWait { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Decompressed bytes read ahead per partition; fetching of that partition pauses beyond it.</summary>
    public long PrefetchBytes { get; init; } = 4L * 1024 * 1024;

    /// <summary>Check every batch's CRC-32C. Costs next to nothing; leave it on.</summary>
    public bool CheckCrc { get; init; } = true;

    /// <summary>Every problem of these options, in words; empty when they are usable.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        if (Partitions is null && Topics.Count == 0)
        {
            problems.Add($"Nothing to read: set {nameof(Topics)} or {nameof(Partitions)}.");
        }

        if (Partitions is not null && Topics.Count > 0)
        {
            problems.Add($"Set either {nameof(Topics)} or {nameof(Partitions)}, not both.");
        }

        if (Group is { Length: 0 })
        {
            problems.Add($"{nameof(Group)} is empty: name the group, or leave it null for none.");
        }

        if (HeartbeatInterval <= TimeSpan.Zero || HeartbeatInterval * 2 > SessionTimeout)
        {
            problems.Add(
                $"{nameof(HeartbeatInterval)} is {HeartbeatInterval}: "
                + $"it must be at most half of {nameof(SessionTimeout)} ({SessionTimeout}).");
        }

        if (RebalanceTimeout <= TimeSpan.Zero || AutoCommitInterval <= TimeSpan.Zero || FetchMaxWait <= TimeSpan.Zero)
        {
            problems.Add($"{nameof(RebalanceTimeout)}, {nameof(AutoCommitInterval)} and {nameof(FetchMaxWait)} must be longer than zero.");
        }

        if (FetchMaxBytes < 1 || FetchMaxPartitionBytes < 1 || FetchMinBytes < 0 || PrefetchBytes < 1)
        {
            problems.Add($"{nameof(FetchMaxBytes)}, {nameof(FetchMaxPartitionBytes)} and {nameof(PrefetchBytes)} must be at least 1 byte.");
        }

        if (Assignors.Count == 0)
        {
            problems.Add($"{nameof(Assignors)} is empty: a member must support at least one.");
        }

        return problems;
    }
}
