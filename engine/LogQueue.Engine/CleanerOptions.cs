namespace LogQueue.Engine;

/// <summary>How compacted topics are cleaned in the background. Immutable; the defaults are Kafka's.</summary>
public sealed record CleanerOptions
{
    /// <summary>False: compacted topics grow until somebody cleans them (<c>log.cleaner.enable</c>).</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Partitions cleaned at the same time (<c>log.cleaner.threads</c>), 1 to 64; each has a table of its own.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Wait before the next look when nothing is due (<c>log.cleaner.backoff.ms</c>).</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Most bytes of all tables of keys together (<c>log.cleaner.dedupe.buffer.size</c>), from 1 KiB on. A key takes 24 bytes; a table is
    /// made no larger than a pass can need, and given back when nothing is due. When it is too small for all dirty keys, a pass cleans the
    /// first of them and the next one goes on.
    /// </summary>
    public long DedupeBufferBytes { get; init; } = 128L << 20;

    /// <summary>
    /// Most bytes that all cleaners together read and write in a second (<c>log.cleaner.io.max.bytes.per.second</c>), above 0.
    /// </summary>
    public double MaxBytesPerSecond { get; init; } = double.MaxValue;

    /// <summary>Everything that is wrong with these options, in words; empty when they are good.</summary>
    public IReadOnlyList<string> Validate()
    {
        var problems = new List<string>();
        Check(Threads is >= 1 and <= 64, $"Cleaner.Threads is {Threads}: it must be 1 to 64.");
        Check(Backoff > TimeSpan.Zero && Backoff <= TimeSpan.FromDays(24),
            $"Cleaner.Backoff is {Backoff}: it must be positive and at most 24 days.");
        Check(DedupeBufferBytes >= 1024, $"Cleaner.DedupeBufferBytes is {DedupeBufferBytes}: it must be at least 1024.");
        Check(MaxBytesPerSecond > 0, $"Cleaner.MaxBytesPerSecond is {MaxBytesPerSecond}: it must be above 0.");
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
