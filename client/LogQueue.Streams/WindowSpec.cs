namespace LogQueue.Streams;

/// <summary>
/// How event time is cut into windows. Windows are aligned to 1970-01-01 UTC, so that every instance and every replay cuts at the same
/// places. The grace is required: it says how long a window waits for late records before it closes. Immutable.
/// </summary>
public sealed record WindowSpec
{
    private WindowSpec(TimeSpan size, TimeSpan advance, TimeSpan grace)
    {
        SizeMs = Positive(size, nameof(size));
        AdvanceMs = Positive(advance, nameof(advance));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(advance, size);
        ArgumentOutOfRangeException.ThrowIfLessThan(grace, TimeSpan.Zero);
        GraceMs = (long)grace.TotalMilliseconds;
    }

    /// <summary>Length of a window in milliseconds.</summary>
    public long SizeMs { get; }

    /// <summary>Distance between the starts of two windows, in milliseconds.</summary>
    public long AdvanceMs { get; }

    /// <summary>How far event time must pass a window's end before it closes, in milliseconds.</summary>
    public long GraceMs { get; }

    /// <summary>Windows side by side: every record is in exactly one.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The size is shorter than a millisecond, or the grace negative.</exception>
    public static WindowSpec Tumbling(TimeSpan size, TimeSpan grace) => new(size, size, grace);

    /// <summary>Windows that overlap: a record is in size / advance of them.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A length is shorter than a millisecond, the advance is longer than the size, or the
    /// grace is negative.</exception>
    public static WindowSpec Hopping(TimeSpan size, TimeSpan advance, TimeSpan grace) => new(size, advance, grace);

    /// <inheritdoc/>
    public override string ToString() =>
        (SizeMs == AdvanceMs ? $"tumbling {TimeSpan.FromMilliseconds(SizeMs)}"
            : $"hopping {TimeSpan.FromMilliseconds(SizeMs)} every {TimeSpan.FromMilliseconds(AdvanceMs)}")
        + $", grace {TimeSpan.FromMilliseconds(GraceMs)}";

    /// <summary>The start of the newest window that holds an event time.</summary>
    internal long LastStart(long eventTimeMs)
    {
        long remainder = eventTimeMs % AdvanceMs;
        return eventTimeMs - (remainder < 0 ? remainder + AdvanceMs : remainder);
    }

    private static long Positive(TimeSpan length, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, TimeSpan.FromMilliseconds(1), name);
        return (long)length.TotalMilliseconds;
    }
}
