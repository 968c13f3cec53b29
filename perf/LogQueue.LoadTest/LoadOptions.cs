using LogQueue.Client;
using LogQueue.Records;

namespace LogQueue.LoadTest;

/// <summary>What a load run does. Immutable.</summary>
public sealed record LoadOptions
{
    /// <summary>Size of a record's value in bytes.</summary>
    public int ValueBytes { get; init; } = 100;

    /// <summary>Records that are measured.</summary>
    public long Records { get; init; } = 1_000_000;

    /// <summary>
    /// Records a second; null runs as fast as it goes. With a rate, latency counts from the intended time of each record.
    /// </summary>
    public double? RatePerSecond { get; init; }

    /// <summary>Codec of the batches.</summary>
    public CompressionType Compression { get; init; } = CompressionType.None;

    /// <summary>What a producer waits for.</summary>
    public Acks Acks { get; init; } = Acks.All;

    /// <summary>Partitions of the topic.</summary>
    public int PartitionCount { get; init; } = 1;

    /// <summary>Share of the records that is sent before measuring begins.</summary>
    public double WarmUpShare { get; init; } = 0.1;

    /// <summary>Records sent before measuring begins.</summary>
    public long WarmUpRecords => (long)(Records * WarmUpShare);

    /// <summary>Problems, a sentence each; empty when it can run.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        if (ValueBytes is < 1 or > 1_000_000)
        {
            problems.Add($"The size is {ValueBytes}: it must be 1 to 1000000 bytes.");
        }

        if (Records < 1)
        {
            problems.Add($"The number of records is {Records}: it must be at least 1.");
        }

        if (PartitionCount is < 1 or > 10_000)
        {
            problems.Add($"The number of partitions is {PartitionCount}: it must be 1 to 10000.");
        }

        return problems;
    }
}
