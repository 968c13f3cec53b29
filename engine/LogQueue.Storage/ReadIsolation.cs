namespace LogQueue.Storage;

/// <summary>How far a read may go.</summary>
public enum ReadIsolation
{
    /// <summary>Up to the high watermark.</summary>
    Uncommitted,

    /// <summary>Up to the last stable offset, with the aborted transactions of the range.</summary>
    Committed,

    /// <summary>Up to the log end, durable or not: for the engine's own recovery only.</summary>
    LogEnd,
}
