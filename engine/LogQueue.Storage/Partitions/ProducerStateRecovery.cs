using LogQueue.Records;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// Rebuilds the producer table of a log: the newest good snapshot, then a replay of the batches after it. A snapshot keeps one batch per
/// producer, so the end of the log before it is read too: a producer that retries any of its last five batches is still recognised.
/// Batches that
/// this open has scanned already are replayed from their headers. Used once, by one thread.
/// </summary>
internal sealed class ProducerStateRecovery(
    PartitionLogContext context, string directory, SegmentList segments, IReadOnlyDictionary<LogSegment, long> checkedFrom)
{
    private const long HistoryBytes = 4 << 20;

    public ProducerStateTable Run(long logStartOffset, long logEndOffset)
    {
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
            Replay(history, null, from, nowMs);
            table.AdoptHistory(history);
        }

        table ??= new ProducerStateTable();
        Replay(table, from, logEndOffset, nowMs);
        return table;
    }

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

    /// <summary>Replays [from, to); a null start means a bounded stretch before the end.</summary>
    private void Replay(ProducerStateTable table, long? from, long to, long nowMs)
    {
        ReadOnlySpan<LogSegment> all = segments.Snapshot;
        for (int i = 0; i < all.Length; i++)
        {
            LogSegment segment = all[i];
            bool holdsEnd = segment.BaseOffset < to && segment.NextOffset >= to;
            if (segment.BaseOffset >= to || (from is null ? !holdsEnd : segment.NextOffset <= from) || !segment.Log.TryAcquire())
            {
                continue;
            }

            try
            {
                long start = from is { } f
                    ? segment.OffsetIndex.FindPosition(f)
                    : segment.OffsetIndex.FindBatchAtOrBelow(Math.Max(0, segment.OffsetIndex.FindPosition(to) - HistoryBytes));
                if (checkedFrom.TryGetValue(segment, out long position) && start >= position)
                {
                    ReplayHeaders(table, segment, start, from ?? 0, to, nowMs);
                }
                else
                {
                    ReplaySegment(table, segment, start, from ?? 0, to, nowMs);
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

        if (batch.BaseOffset >= from && table.Apply(batch, nowMs) is { } aborted)
        {
            segment.TransactionIndex.Append(aborted);
        }

        return true;
    }
}
