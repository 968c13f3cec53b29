namespace LogQueue.Server.Groups;

/// <summary>Limits and times of consumer groups. Kafka's key stands at each; those without one are ours.</summary>
internal sealed record GroupOptions
{
    /// <summary>group.initial.rebalance.delay.ms: how long an empty group waits for company before its first generation.</summary>
    public int InitialRebalanceDelayMs { get; init; } = 3_000;

    /// <summary>group.min.session.timeout.ms.</summary>
    public int MinSessionTimeoutMs { get; init; } = 6_000;

    /// <summary>group.max.session.timeout.ms.</summary>
    public int MaxSessionTimeoutMs { get; init; } = 1_800_000;

    /// <summary>group.max.size: members of one group.</summary>
    public int MaxGroupSize { get; init; } = int.MaxValue;

    /// <summary>Milliseconds after which a newcomer whose first join is still unanswered is given up.</summary>
    public int NewMemberJoinTimeoutMs { get; init; } = 300_000;

    /// <summary>Ids given out in one group to newcomers that have not come back with them yet.</summary>
    public int MaxPendingMembers { get; init; } = 10_000;

    /// <summary>Groups that may exist at a time; the next new one is refused.</summary>
    public int MaxGroups { get; init; } = 100_000;

    /// <summary>Bytes of protocol metadata that one member may bring.</summary>
    public int MaxMemberMetadataBytes { get; init; } = 1 << 20;

    /// <summary>Bytes of assignments that a leader may hand in for all members.</summary>
    public int MaxAssignmentBytes { get; init; } = 16 << 20;

    /// <summary>offset.metadata.max.bytes: length of the note stored with a committed offset, in UTF-16 units as Kafka counts it; at most
    /// 4,096 take effect.</summary>
    public int OffsetMetadataMaxBytes { get; init; } = 4_096;

    /// <summary>offsets.retention.minutes.</summary>
    public int OffsetsRetentionMinutes { get; init; } = 10_080;

    /// <summary>offsets.retention.check.interval.ms.</summary>
    public long OffsetsRetentionCheckIntervalMs { get; init; } = 600_000;

    /// <summary>Everything that is wrong with these options; empty when they hold.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        Check(InitialRebalanceDelayMs >= 0, "group.initial.rebalance.delay.ms must not be negative");
        Check(MinSessionTimeoutMs > 0, "group.min.session.timeout.ms must be positive");
        Check(MaxSessionTimeoutMs >= MinSessionTimeoutMs, "group.max.session.timeout.ms must not be below group.min.session.timeout.ms");
        Check(MaxGroupSize > 0, "group.max.size must be positive");
        Check(OffsetMetadataMaxBytes >= 0, "offset.metadata.max.bytes must not be negative");
        Check(OffsetsRetentionMinutes > 0, "offsets.retention.minutes must be positive");
        Check(OffsetsRetentionCheckIntervalMs > 0, "offsets.retention.check.interval.ms must be positive");
        return problems;

        void Check(bool holds, string problem)
        {
            if (!holds)
            {
                problems.Add(problem);
            }
        }
    }
}
