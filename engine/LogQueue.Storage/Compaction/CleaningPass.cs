using LogQueue.Records;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Compaction;

/// <summary>
/// One pass over a log: the map of the last offsets of its dirty part (as much of it as the map holds), then group after group of segments
/// rewritten and handed over to be swapped in. Holds no lock; files are leased while they are read. Used once, by one thread.
/// </summary>
internal sealed class CleaningPass(
    CleanPlan plan, LogOptions options, IStorageDevice device, KeyOffsetMap map, CleanThrottle throttle, long nowMs)
{
    /// <summary>Keys that a pass may meet are at most records, and an offset has one record.</summary>
    private long DirtyOffsets => plan.EndOffset - plan.FirstDirtyOffset;

    /// <summary>Where the next pass starts, and when it is due at the latest; after <see cref="Run"/>.</summary>
    public CleanCheckpoint Checkpoint { get; private set; } = CleanCheckpoint.None;

    /// <summary>Cleans.</summary>
    /// <param name="files">Budget of open files.</param>
    /// <param name="maps">Budget of maps.</param>
    /// <param name="swap">Puts a cleaned segment in place of its sources; false when the log has changed and they are no longer its own.</param>
    /// <param name="seed">Of the key hash.</param>
    /// <param name="cancellationToken">Ends the pass between two batches; what was swapped stays.</param>
    /// <exception cref="CorruptLogException">A segment is damaged; nothing of its group changed.</exception>
    /// <exception cref="CorruptRecordException">A batch cannot be read; nothing of its group changed.</exception>
    public CleanResult Run(
        LeaseBudget files, LeaseBudget maps, Func<LogSegment[], SegmentRewriter, bool> swap, long seed, CancellationToken cancellationToken)
    {
        map.Reset(DirtyOffsets, seed);
        if (!BuildMap(cancellationToken))
        {
            return default;
        }

        using var cleaner = new BatchCleaner(map, new CleanedTransactions(plan.Aborted), plan.Producers, options, nowMs);
        CleanResult result = new(1, 0, 0, 0, 0, true);
        foreach (LogSegment[] group in plan.GroupsBelow(map.EndOffset, options))
        {
            cancellationToken.ThrowIfCancellationRequested();
            ThrowIfNoRoom(group);
            using var rewriter = new SegmentRewriter(device, group[0], options, files, maps);
            bool isSwapped = false;
            try
            {
                if (!Rewrite(group, rewriter, cleaner, cancellationToken))
                {
                    return result with { IsComplete = false };
                }

                if (group.Length == 1 && !rewriter.IsChanged)
                {
                    continue; // discarded below: it is clean as it is
                }

                long written = rewriter.Cleaned.SizeBytes;
                rewriter.Finish();
                isSwapped = swap(group, rewriter);
                if (!isSwapped)
                {
                    return result with { IsComplete = false };
                }

                result += new CleanResult(0, group.Sum(static s => s.SizeBytes), written, 0, 0, true);
            }
            finally
            {
                if (!isSwapped)
                {
                    rewriter.Discard();
                }
            }
        }

        Checkpoint = new CleanCheckpoint(map.EndOffset, cleaner.NextHorizonMs);
        return result with { RecordsRead = cleaner.RecordsRead, RecordsRemoved = cleaner.RecordsRemoved };
    }

    private bool BuildMap(CancellationToken cancellationToken)
    {
        var transactions = new CleanedTransactions(plan.Aborted);
        using var decompressed = new PooledBufferWriter(64 << 10, BatchCleaner.MostDecompressedBytes(options));
        map.EndOffset = plan.FirstDirtyOffset;
        for (int i = 0; i < plan.Segments.Length; i++)
        {
            LogSegment segment = plan.Segments[i];
            long next = i + 1 < plan.Segments.Length ? plan.Segments[i + 1].BaseOffset : plan.EndOffset;
            if (next <= plan.FirstDirtyOffset)
            {
                continue;
            }

            if (!segment.Log.TryAcquire())
            {
                return false; // retention was faster
            }

            try
            {
                SealCheck.Verify(device, segment, cancellationToken);
                if (!TryMap(segment, transactions, decompressed, cancellationToken))
                {
                    return true; // full: the rest is for the next pass
                }
            }
            finally
            {
                segment.Log.Release();
            }

            map.EndOffset = next;
        }

        map.EndOffset = Math.Max(map.EndOffset, plan.EndOffset);
        return true;
    }

    private bool TryMap(
        LogSegment segment, CleanedTransactions transactions, PooledBufferWriter decompressed, CancellationToken cancellationToken)
    {
        long start = segment.OffsetIndex.FindPosition(plan.FirstDirtyOffset);
        using var scanner = new SegmentScanner(segment.Log.File, start, segment.SizeBytes, segment.BaseOffset, allowGaps: true);
        while (scanner.MoveNext())
        {
            var batch = new RecordBatchView(scanner.Current);
            throttle.Spend(batch.SizeBytes, cancellationToken);
            RecordCursor records = RecordCursor.Open(batch, decompressed);
            if (batch.IsControl)
            {
                _ = transactions.IsMarkerDone(batch, records, out _);
            }
            else if (!transactions.IsAborted(batch))
            {
                while (records.MoveNext())
                {
                    if (records.HasKey && records.Offset >= plan.FirstDirtyOffset && !map.TryPut(records.Key, records.Offset))
                    {
                        map.EndOffset = records.Offset;
                        return false;
                    }
                }
            }

            map.EndOffset = Math.Max(map.EndOffset, batch.NextOffset);
        }

        return scanner.StopReason is not { } reason ? true : throw new CorruptLogException(
            segment.Log.Path, scanner.Position, "whole batches to the end of a sealed segment", reason);
    }

    private bool Rewrite(LogSegment[] group, SegmentRewriter rewriter, BatchCleaner cleaner, CancellationToken cancellationToken)
    {
        foreach (LogSegment source in group)
        {
            if (!source.Log.TryAcquire())
            {
                return false;
            }

            try
            {
                SealCheck.Verify(device, source, cancellationToken);
                rewriter.Add(source, cleaner, throttle, cancellationToken);
            }
            finally
            {
                source.Log.Release();
            }
        }

        return true;
    }

    private void ThrowIfNoRoom(LogSegment[] group)
    {
        long bytes = group.Sum(static s => s.SizeBytes);
        if (device.FreeBytes(group[0].Directory) < bytes)
        {
            throw new StorageException(StorageError.NoSpace, "clean", group[0].Directory,
                $"cleaning needs room for {bytes} bytes beside the log; it is tried again later");
        }
    }
}
