namespace LogQueue.Storage;

/// <summary>What became of a read.</summary>
public enum ReadStatus
{
    /// <summary>Records, or nothing because the offset is at the end of what may be read.</summary>
    Ok,

    /// <summary>The offset is below the log start or above the log end.</summary>
    OffsetOutOfRange,

    /// <summary>The offset lies in a damaged part of the log.</summary>
    Corrupt,

    /// <summary>The log is closed, deleted, or its files cannot be read.</summary>
    Offline,
}
