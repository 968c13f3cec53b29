namespace LogQueue.Cli.Demo;

/// <summary>What a run found out. Filled by the run, then read only.</summary>
internal sealed class DemoFacts
{
    public long StartTimestamp { get; init; }

    public long EndTimestamp { get; set; }

    public TimeSpan CpuAtStart { get; init; }

    public long Sent { get; set; }

    public long MostLag { get; set; }

    public long FinalLag { get; set; }

    public long PayloadBytes { get; set; }

    /// <summary>Bytes that this run added to the segments of what it counted in <see cref="PayloadBytes"/>.</summary>
    public long SentStoredBytes { get; set; }

    public BurstResult Burst { get; set; }

    public List<CheckResult> Checks { get; } = [];
}
