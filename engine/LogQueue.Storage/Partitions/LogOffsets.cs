namespace LogQueue.Storage.Partitions;

/// <summary>
/// The four offsets of a log, which only ever change together: log start ≤ last stable ≤ high watermark ≤ log end.
/// One writer (under the append lock); readers may read each at any time.
/// </summary>
internal sealed class LogOffsets
{
    private long _logStart;
    private long _lastStable;
    private long _highWatermark;
    private long _logEnd;

    public long LogStart => Volatile.Read(ref _logStart);

    public long LastStable => Volatile.Read(ref _lastStable);

    public long HighWatermark => Volatile.Read(ref _highWatermark);

    public long LogEnd => Volatile.Read(ref _logEnd);

    /// <summary>Sets all four, or throws when they are out of order: that would be a bug that must not reach a disk or a client.</summary>
    public void Set(long logStart, long lastStable, long highWatermark, long logEnd)
    {
        if (logStart < 0 || logStart > lastStable || lastStable > highWatermark || highWatermark > logEnd)
        {
            throw new InvalidOperationException(
                $"Offsets out of order: log start {logStart}, last stable {lastStable}, high watermark {highWatermark}, log end {logEnd}.");
        }

        Volatile.Write(ref _logEnd, logEnd); // ends first: a reader that sees a new bound finds the data below it
        Volatile.Write(ref _highWatermark, highWatermark);
        Volatile.Write(ref _lastStable, lastStable);
        Volatile.Write(ref _logStart, logStart);
    }
}
