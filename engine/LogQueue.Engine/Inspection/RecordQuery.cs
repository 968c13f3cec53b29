namespace LogQueue.Engine.Inspection;

/// <summary>Which records of a partition are wanted. Immutable.</summary>
public sealed record RecordQuery
{
    /// <summary>The first offset.</summary>
    public long FromOffset { get; init; }

    /// <summary>The offset after the last one.</summary>
    public long ToOffset { get; init; } = long.MaxValue;

    /// <summary>
    /// True: as a read_committed consumer sees it: records of aborted transactions are left out, and nothing from the first undecided
    /// transaction on is read. False: everything.
    /// </summary>
    public bool CommittedOnly { get; init; }

    /// <summary>True: control records, such as transaction markers, come too.</summary>
    public bool WithControl { get; init; }

    /// <summary>Told what is damaged; the walk goes on behind it. Null throws instead.</summary>
    public Action<InspectionProblem>? OnDamage { get; init; }

    /// <summary>Told how far the walk is; may be null.</summary>
    public InspectionProgress? Progress { get; init; }
}
