namespace LogQueue.Client.Admin;

/// <summary>Which offset of a partition is asked for.</summary>
/// <param name="TimestampMs">Milliseconds since 1970 UTC, or one of the protocol's negative marks.</param>
public readonly record struct OffsetSpec(long TimestampMs)
{
    /// <summary>The oldest record kept.</summary>
    public static OffsetSpec Earliest => new(-2);

    /// <summary>The next offset to be written that readers can see.</summary>
    public static OffsetSpec Latest => new(-1);

    /// <summary>The record with the largest timestamp.</summary>
    public static OffsetSpec MaxTimestamp => new(-3);

    /// <summary>The first record at or after this time.</summary>
    public static OffsetSpec At(DateTimeOffset time) => new(time.ToUnixTimeMilliseconds());
}
