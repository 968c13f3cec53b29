namespace LogQueue.Storage;

/// <summary>What opening a log found and did.</summary>
internal sealed record RecoveryReport
{
    /// <summary>Log bytes that were read and checked.</summary>
    public long ScannedBytes { get; init; }

    /// <summary>Bytes of torn tail that were cut.</summary>
    public long CutBytes { get; init; }

    /// <summary>Index files that were rebuilt from the log.</summary>
    public int RebuiltIndexes { get; init; }

    /// <summary>What is damaged, in words; empty when nothing is.</summary>
    public IReadOnlyList<string> Damage { get; init; } = [];

    /// <summary>What was done, in words.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
