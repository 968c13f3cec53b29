namespace LogQueue.Storage.Scrubbing;

/// <summary>How fast and how often data at rest are checked. Immutable.</summary>
internal sealed record ScrubOptions
{
    /// <summary>Most bytes read in a second; 0 switches the scrubber off.</summary>
    public long BytesPerSecond { get; init; } = 5 << 20;

    /// <summary>Least time from the start of a round over all data to the start of the next.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromDays(7);
}
