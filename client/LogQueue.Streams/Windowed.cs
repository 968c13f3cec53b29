namespace LogQueue.Streams;

/// <summary>A key within one window.</summary>
/// <typeparam name="TKey">Key type.</typeparam>
/// <param name="Key">The key.</param>
/// <param name="StartMs">First millisecond of the window.</param>
/// <param name="EndMs">First millisecond after the window.</param>
public readonly record struct Windowed<TKey>(TKey Key, long StartMs, long EndMs)
{
    /// <summary><see cref="StartMs"/> as a time.</summary>
    public DateTimeOffset Start => DateTimeOffset.FromUnixTimeMilliseconds(StartMs);

    /// <summary><see cref="EndMs"/> as a time.</summary>
    public DateTimeOffset End => DateTimeOffset.FromUnixTimeMilliseconds(EndMs);
}
