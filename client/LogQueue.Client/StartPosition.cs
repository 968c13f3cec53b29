namespace LogQueue.Client;

/// <summary>Where reading starts in a partition that has no committed offset (or no group).</summary>
public sealed record StartPosition
{
    private StartPosition(StartKind kind, long value) => (Kind, Value) = (kind, value);

    /// <summary>The oldest record kept.</summary>
    public static StartPosition Beginning { get; } = new(StartKind.Beginning, 0);

    /// <summary>What is written from now on.</summary>
    public static StartPosition End { get; } = new(StartKind.End, 0);

    internal StartKind Kind { get; }

    internal long Value { get; }

    /// <summary>The same offset in every partition.</summary>
    /// <param name="offset">0 or more.</param>
    public static StartPosition Offset(long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return new StartPosition(StartKind.Offset, offset);
    }

    /// <summary>The first record whose time is at or after <paramref name="time"/>; the end when there is none.</summary>
    public static StartPosition Timestamp(DateTimeOffset time) => new(StartKind.Timestamp, time.ToUnixTimeMilliseconds());

    /// <summary>The last <paramref name="count"/> offsets of every partition.</summary>
    /// <param name="count">0 or more.</param>
    public static StartPosition FromEnd(long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return new StartPosition(StartKind.FromEnd, count);
    }

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        StartKind.Beginning => "beginning",
        StartKind.End => "end",
        StartKind.Offset => $"offset {Value}",
        StartKind.Timestamp => $"time {DateTimeOffset.FromUnixTimeMilliseconds(Value):O}",
        _ => $"last {Value}",
    };
}
