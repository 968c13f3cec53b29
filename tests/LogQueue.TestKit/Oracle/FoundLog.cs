namespace LogQueue.TestKit.Oracle;

/// <summary>A log as a reader finds it after a recovery. Immutable.</summary>
internal sealed record FoundLog
{
    /// <summary>The oldest readable offset.</summary>
    public required long LogStart { get; init; }

    /// <summary>The offset that the next record gets.</summary>
    public required long End { get; init; }

    /// <summary>Everything below it is decided.</summary>
    public required long LastStable { get; init; }

    /// <summary>All records from the log start on, markers too, as read_uncommitted sees them.</summary>
    public required IReadOnlyList<FoundRecord> Records { get; init; }

    /// <summary>The tags that read_committed sees; null when nobody looked.</summary>
    public IReadOnlySet<long>? CommittedTags { get; init; }

    /// <summary>What recovery says is damaged; null when nothing is.</summary>
    public string? Damage { get; init; }

    /// <summary>Equal content.</summary>
    public bool IsSameAs(FoundLog other) =>
        LogStart == other.LogStart && End == other.End && LastStable == other.LastStable && Records.SequenceEqual(other.Records)
            && (CommittedTags is null || other.CommittedTags is null || CommittedTags.SetEquals(other.CommittedTags));
}
