using HdrHistogram;

namespace LogQueue.LoadTest;

/// <summary>What a load run measured. Immutable once built.</summary>
public sealed class LoadReport
{
    /// <summary>Name of the load.</summary>
    public required string Name { get; init; }

    /// <summary>Machine, settings and durability, by name.</summary>
    public required IReadOnlyList<KeyValuePair<string, string>> Settings { get; init; }

    /// <summary>Records measured.</summary>
    public required long Records { get; init; }

    /// <summary>Bytes of their values.</summary>
    public required long Bytes { get; init; }

    /// <summary>From the first measured record to the last.</summary>
    public required TimeSpan Took { get; init; }

    /// <summary>Processor time of this process meanwhile.</summary>
    public required TimeSpan Cpu { get; init; }

    /// <summary>Resident memory of this process at the end, in bytes.</summary>
    public long ResidentBytes { get; init; } = Environment.WorkingSet;

    /// <summary>Bytes allocated by managed code meanwhile.</summary>
    public long AllocatedBytes { get; init; }

    /// <summary>Latency in microseconds; null where the load measures none.</summary>
    public HistogramBase? LatencyMicros { get; init; }

    /// <summary>Records a second.</summary>
    public double RecordsPerSecond => Records / Took.TotalSeconds;

    /// <summary>Megabytes (10^6) of values a second.</summary>
    public double MegabytesPerSecond => Bytes / 1e6 / Took.TotalSeconds;

    /// <summary>Processor time of this process per record, in microseconds.</summary>
    public double CpuMicrosPerRecord => Cpu.TotalMicroseconds / Records;
}
