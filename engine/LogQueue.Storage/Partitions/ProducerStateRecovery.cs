using LogQueue.Records;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// Rebuilds the producer table of a log: the newest good snapshot, then a replay of the batches after it. A snapshot keeps one batch per
/// producer, so the end of the log before it is read too: a producer that retries any of its last five batches is still recognised.
/// Batches that this open has scanned already are replayed from their headers. Used once, by one thread.
/// </summary>
internal sealed class ProducerStateRecovery(
    PartitionLogContext context, string directory, SegmentList segments, IReadOnlyDictionary<LogSegment, long> checkedFrom)
{
    private const long HistoryBytes = 4 << 20;

    public ProducerStateTable Run(long logStartOffset, long logEndOffset)
    {
        if (PlantedBugs.IsOn(PlantedBug.ReuseProducerSequence))
        {
            return new ProducerStateTable();
        }

        long nowMs = context.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();
        ProducerStateTable? table = null;
        long from = logStartOffset;
        bool deleted = false;
        foreach (long offset in ListSnapshots())
        {
            string path = SegmentFileName.PathOf(directory, offset, SegmentFileName.Snapshot);
            if (offset > logEndOffset)
            {
                context.Device.Delete(path); // of a log that was cut: it must not speak for offsets written later
                deleted = true;
            }
            else if (table is null && offset >= logStartOffset && ProducerSnapshot.TryLoad(context.Device, path) is { } loaded)
            {
                table = loaded;
                from = offset;
            }
        }

        if (deleted)
        {
            context.Device.SyncDirectory(directory);
        }

        if (table is { Count: > 0 })
        {
            var history = new ProducerStateTable();
            Replay(history, FindHistoryStart(logStartOffset, from), from, nowMs);
            table.AdoptHistory(history);
        }

        foreach (LogSegment segment in segments.Snapshot)
        {
            // The replay finds these again. In the file they may speak of a marker that was cut, and of which another has taken the place.
            segment.TransactionIndex.TruncateToOffset(from);
        }

        table ??= new ProducerStateTable();
        Replay(table, from, logEndOffset, nowMs);
        return table;
    }

    /// <summary>
    /// Makes the transaction index of a segment again: the newest good snapshot at or below its base, then a replay to its end. A file
    /// whose bytes are not those that were written could hide an aborted transaction.
    /// </summary>
    public void RebuildTransactions(LogSegment segment, long logStartOffset)
    {
        long nowMs = context.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();
        segment.TransactionIndex.TruncateToOffset(long.MinValue);
        var table = new ProducerStateTable();
        long from = logStartOffset;
        foreach (long offset in ListSnapshots())
        {
            if (offset <= segment.BaseOffset && offset >= logStartOffset && ProducerSnapshot.TryLoad(
                context.Device, SegmentFileName.PathOf(directory, offset, SegmentFileName.Snapshot)) is { } loaded)
            {
                (table, from) = (loaded, offset);
                break;
            }
        }

        Replay(table, from, segment.NextOffset, nowMs);
    }

    /// <summary>True when the directory has files of producers: without them there were no transactions.</summary>
    public bool HasProducers() => context.Device.ListFiles(directory).Any(static name =>
        SegmentFileName.TryParse(name, SegmentFileName.Snapshot, out _)
        || SegmentFileName.TryParse(name, SegmentFileName.TransactionIndex, out _));

    private IEnumerable<long> ListSnapshots()
    {
        List<long> offsets = [];
        foreach (string name in context.Device.ListFiles(directory))
        {
            if (SegmentFileName.TryParse(name, SegmentFileName.Snapshot, out long offset))
            {
                offsets.Add(offset);
            }
        }

        offsets.Reverse();
        return offsets;
    }

    /// <summary>An offset from which on the log before another is about as long as the bound, over all its segments.</summary>
    private long FindHistoryStart(long logStartOffset, long to)
    {
        long left = HistoryBytes;
        ReadOnlySpan<LogSegment> all = segments.Snapshot;
        for (int i = all.Length - 1; i >= 0; i--)
        {
            LogSegment segment = all[i];
            if (segment.BaseOffset >= to)
            {
                continue;
            }

            long end = segment.NextOffset <= to ? segment.SizeBytes : segment.OffsetIndex.FindPosition(to);
            if (end > left)
            {
                return Math.Max(logStartOffset, segment.OffsetIndex.FindOffsetAtOrBelow(end - left));
            }

            left -= end;
        }

        return logStartOffset;
    }

    /// <summary>Replays the batches that hold or follow <paramref name="from"/>, up to <paramref name="to"/>.</summary>
    private void Replay(ProducerStateTable table, long from, long to, long nowMs)
    {
        ReadOnlySpan<LogSegment> all = segments.Snapshot;
        for (int i = 0; i < all.Length; i++)
        {
            LogSegment segment = all[i];
            if (segment.BaseOffset >= to || segment.NextOffset <= from || !segment.Log.TryAcquire())
            {
                continue;
            }

            try
            {
                long start = segment.OffsetIndex.FindPosition(from);
                if (checkedFrom.TryGetValue(segment, out long position) && start >= position)
                {
                    ReplayHeaders(table, segment, start, from, to, nowMs);
                }
                else
                {
                    ReplaySegment(table, segment, start, from, to, nowMs);
                }
            }
            finally
            {
                segment.Log.Release();
            }
        }
    }

    private static void ReplaySegment(ProducerStateTable table, LogSegment segment, long start, long from, long to, long nowMs)
    {
        using var scanner = new SegmentScanner(segment.Log.File, start, segment.SizeBytes, segment.BaseOffset, allowGaps: true);
        while (scanner.MoveNext())
        {
            if (!Apply(table, segment, new RecordBatchView(scanner.Current), from, to, nowMs))
            {
                return;
            }
        }
    }

    private static void ReplayHeaders(ProducerStateTable table, LogSegment segment, long start, long from, long to, long nowMs)
    {
        using var scanner = new BatchHeaderScanner(segment.Log.File, start, segment.SizeBytes);
        while (scanner.MoveNext() && Apply(table, segment, new RecordBatchView(scanner.Current), from, to, nowMs))
        {
        }
    }

    private static bool Apply(
        ProducerStateTable table, LogSegment segment, in RecordBatchView batch, long from, long to, long nowMs)
    {
        if (batch.BaseOffset >= to)
        {
            return false;
        }

        // The batch that holds the log start counts whole: its transaction may be open, its sequence may be retried.
        if (batch.LastOffset >= from && table.Apply(batch, nowMs) is { } aborted)
        {
            segment.TransactionIndex.Append(aborted);
        }

        return true;
    }
}
