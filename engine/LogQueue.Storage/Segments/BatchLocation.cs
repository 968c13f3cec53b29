namespace LogQueue.Storage.Segments;

/// <summary>Where a batch lies in a segment.</summary>
internal readonly record struct BatchLocation(BatchSearch Outcome, long Position, int SizeBytes, long BaseOffset, long LastOffset,
    long MaxTimestampMs)
{
    internal long End => Position + SizeBytes;
}

/// <summary>How a search for a batch ended.</summary>
internal enum BatchSearch
{
    /// <summary>Found.</summary>
    Found,

    /// <summary>No batch before the limit holds it.</summary>
    PastEnd,

    /// <summary>The headers on the way are damaged.</summary>
    Corrupt,
}
