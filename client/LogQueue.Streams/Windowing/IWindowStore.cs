namespace LogQueue.Streams.Windowing;

/// <summary>State of one windowed step, as its task sees it. Not thread-safe: its task runs one record at a time.</summary>
internal interface IWindowStore
{
    /// <summary>Offset of the first record of the oldest open window, or null when no window is open.</summary>
    long? OldestNeededOffset { get; }

    /// <summary>Closes every window whose end and grace event time has passed.</summary>
    ValueTask CloseUpToAsync(long streamTimeMs);
}
