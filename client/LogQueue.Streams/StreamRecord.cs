namespace LogQueue.Streams;

/// <summary>One record on its way through a topology.</summary>
/// <typeparam name="TKey">Key type.</typeparam>
/// <typeparam name="TValue">Value type.</typeparam>
/// <param name="Key">Key.</param>
/// <param name="Value">Value.</param>
/// <param name="EventTimeMs">When it happened, in milliseconds since 1970 UTC; windows go by this alone.</param>
public readonly record struct StreamRecord<TKey, TValue>(TKey Key, TValue Value, long EventTimeMs)
{
    /// <summary><see cref="EventTimeMs"/> as a time.</summary>
    public DateTimeOffset EventTime => DateTimeOffset.FromUnixTimeMilliseconds(EventTimeMs);
}
