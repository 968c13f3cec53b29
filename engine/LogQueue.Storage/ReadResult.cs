using LogQueue.Wire;

namespace LogQueue.Storage;

/// <summary>
/// The outcome of one read: whole batches as a leased slice of a segment file. The receiver disposes <see cref="Records"/>.
/// </summary>
public readonly struct ReadResult
{
    /// <summary>What happened.</summary>
    public ReadStatus Status { get; init; }

    /// <summary>
    /// Whole batches, the first of which holds the offset that was asked for; empty when there is nothing to read. Dispose it.
    /// </summary>
    public RecordSlice Records { get; init; }

    /// <summary>The high watermark when the read was answered; exclusive.</summary>
    public long HighWatermark { get; init; }

    /// <summary>The last stable offset when the read was answered; exclusive.</summary>
    public long LastStableOffset { get; init; }

    /// <summary>The log start offset when the read was answered.</summary>
    public long LogStartOffset { get; init; }

    /// <summary>
    /// For <see cref="ReadIsolation.Committed"/>: every aborted transaction that overlaps the returned range; otherwise empty.
    /// </summary>
    public AbortedTransaction[] AbortedTransactions { get => field ?? []; init; }
}
