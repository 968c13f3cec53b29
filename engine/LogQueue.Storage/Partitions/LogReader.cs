using LogQueue.Records;
using LogQueue.Storage.Segments;
using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Partitions;

/// <summary>Reads a log: by offset, by time. Takes no lock of the log; leases keep files open. Thread-safe.</summary>
internal sealed class LogReader(SegmentList segments, LogOffsets offsets, LeaderEpochCheckpoint epochs, DamagedRange[] damage)
{
    /// <summary>Whole batches from the one that holds the offset, at most <paramref name="maxBytes"/> unless the first is larger.</summary>
    public ReadResult Read(long offset, int maxBytes, ReadIsolation isolation, bool atLeastOneBatch)
    {
        long stable = offsets.LastStable;
        long high = offsets.HighWatermark;
        long end = offsets.LogEnd;
        bool isPastDurable = PlantedBugs.IsOn(PlantedBug.ReadPastDurable);
        long bound = isolation switch
        {
            ReadIsolation.Committed => stable,
            ReadIsolation.Uncommitted => isPastDurable ? end : high,
            _ => end,
        };
        if (offset < offsets.LogStart || offset > end)
        {
            return Answer(ReadStatus.OffsetOutOfRange, null, []);
        }

        if (offset >= bound)
        {
            return Answer(ReadStatus.Ok, null, []);
        }

        ReadOnlySpan<LogSegment> all = segments.Snapshot;
        for (int i = Math.Max(0, SegmentList.Find(all, offset)); i < all.Length && all[i].BaseOffset < bound; i++)
        {
            foreach (DamagedRange hole in damage)
            {
                if (offset >= hole.FromOffset && offset < hole.ToOffset)
                {
                    return Answer(ReadStatus.Corrupt, null, []);
                }
            }

            ReadStatus status = ReadSegment(all[i], offset, bound, maxBytes, atLeastOneBatch, out FileSlice? slice, out long sliceEnd);
            if (status != ReadStatus.Ok || slice is not null)
            {
                AbortedTransaction[] aborted = slice is not null && isolation == ReadIsolation.Committed
                    ? FindAborted(all, offset, sliceEnd) : [];
                return Answer(status, slice, aborted);
            }

            if (i + 1 < all.Length && all[i].NextOffset > offset)
            {
                break; // nothing fitted
            }

            offset = Math.Max(offset, i + 1 < all.Length ? all[i + 1].BaseOffset : bound);
        }

        return Answer(ReadStatus.Ok, null, []);

        ReadResult Answer(ReadStatus status, IRecordSlice? slice, AbortedTransaction[] aborted) => new()
        {
            Status = status,
            Records = slice,
            HighWatermark = high,
            LastStableOffset = stable,
            LogStartOffset = offsets.LogStart,
            AbortedTransactions = aborted,
        };
    }

    /// <summary>The first record whose timestamp is at or after the given one, below the high watermark.</summary>
    public TimestampOffset? FindOffset(long timestampMs)
    {
        foreach (LogSegment segment in segments.Snapshot)
        {
            if (segment.NextOffset > offsets.LogStart && segment.MaxTimestampMs >= timestampMs
                && FindRecord(segment, timestampMs, exact: false) is { } found)
            {
                return found.Offset < offsets.HighWatermark ? found : null;
            }
        }

        return null;
    }

    /// <summary>The first record that has the largest timestamp of all that are readable.</summary>
    public TimestampOffset? FindMaxTimestamp()
    {
        long to = offsets.HighWatermark;
        long from = offsets.LogStart;
        TimestampOffset? latest = null;
        foreach (LogSegment segment in segments.Snapshot)
        {
            long known = latest?.TimestampMs ?? -1;
            if (segment.NextOffset <= from || segment.BaseOffset >= to || segment.MaxTimestampMs <= known)
            {
                continue;
            }

            TimestampOffset? found = FindRecord(segment, segment.MaxTimestampMs, exact: true);
            if (found is null || found.Value.Offset >= to)
            {
                found = FindLatest(segment, from, to); // that one was deleted, or may not be read yet
            }

            latest = found?.TimestampMs > known ? found : latest;
        }

        return latest;
    }

    private static ReadStatus ReadSegment(
        LogSegment segment, long offset, long bound, int maxBytes, bool atLeastOneBatch, out FileSlice? slice, out long sliceEnd)
    {
        slice = null;
        sliceEnd = bound;
        if (!segment.Log.TryAcquire())
        {
            return ReadStatus.OffsetOutOfRange; // retention took it between the look at the list and here
        }

        bool isLeaseGiven = false;
        try
        {
            long limit = FindLimit(segment, bound);
            sliceEnd = Math.Min(bound, segment.NextOffset);
            BatchLocation first = SegmentReader.FindBatch(segment, offset, limit);
            if (first.Outcome != BatchSearch.Found)
            {
                return first.Outcome == BatchSearch.Corrupt ? ReadStatus.Corrupt : ReadStatus.Ok;
            }

            long end = limit;
            if (limit - first.Position > maxBytes)
            {
                BatchLocation last = SegmentReader.FindLastEndingBy(segment, first.Position, first.Position + maxBytes, limit);
                end = last.Outcome == BatchSearch.Found ? last.End : 0;
                end = end > first.Position ? end : atLeastOneBatch ? first.End : first.Position;
                sliceEnd = Math.Min(bound, last.Outcome == BatchSearch.Found && last.End == end ? last.LastOffset + 1
                    : first.LastOffset + 1);
            }

            if (end > first.Position)
            {
                slice = new FileSlice(segment.Log, first.Position, (int)Math.Min(int.MaxValue, end - first.Position));
                isLeaseGiven = true;
            }

            return ReadStatus.Ok;
        }
        finally
        {
            if (!isLeaseGiven)
            {
                segment.Log.Release();
            }
        }
    }

    /// <summary>Where batches below the bound end in a segment.</summary>
    private static long FindLimit(LogSegment segment, long bound)
    {
        long size = segment.SizeBytes; // before the offset: see LogSegment.Publish
        if (segment.NextOffset <= bound)
        {
            return size;
        }

        BatchLocation at = SegmentReader.FindBatch(segment, bound, size);
        return at.Outcome == BatchSearch.PastEnd ? size : at.Position;
    }

    private static AbortedTransaction[] FindAborted(ReadOnlySpan<LogSegment> all, long from, long to)
    {
        List<AbortedTransaction>? found = null;
        foreach (LogSegment segment in all)
        {
            if (segment.TransactionIndex.Count > 0 && segment.NextOffset > from)
            {
                segment.TransactionIndex.Collect(from, to, found ??= []);
            }
        }

        return found is null or { Count: 0 } ? [] : [.. found];
    }

    private TimestampOffset? FindLatest(LogSegment segment, long from, long to)
    {
        if (!segment.Log.TryAcquire())
        {
            return null;
        }

        try
        {
            return LatestRecord.Find(segment, from, to) is { } found
                ? new TimestampOffset(found.TimestampMs, found.Offset, epochs.EpochOf(found.Offset))
                : null;
        }
        catch (CorruptRecordException)
        {
            return null; // a read of these offsets reports the damage
        }
        finally
        {
            segment.Log.Release();
        }
    }

    private TimestampOffset? FindRecord(LogSegment segment, long timestampMs, bool exact)
    {
        if (!segment.Log.TryAcquire())
        {
            return null;
        }

        try
        {
            long from = Math.Max(offsets.LogStart, segment.BaseOffset);
            while (true)
            {
                BatchLocation batch = SegmentReader.FindByTimestamp(segment, timestampMs, from, segment.SizeBytes);
                if (batch.Outcome != BatchSearch.Found)
                {
                    return null;
                }

                using PooledBuffer buffer = PooledBuffer.Rent(batch.SizeBytes);
                if (segment.Log.File.Read(batch.Position, buffer.Span) == batch.SizeBytes
                    && new RecordBatchView(buffer.Span).IsChecksumValid)
                {
                    using RecordBatchReader reader = RecordBatchReader.Open(buffer.Memory);
                    while (reader.TryRead(out Record record))
                    {
                        if (record.Offset >= from && (exact ? record.TimestampMs == timestampMs : record.TimestampMs >= timestampMs))
                        {
                            return new TimestampOffset(record.TimestampMs, record.Offset, epochs.EpochOf(record.Offset));
                        }
                    }
                }

                from = batch.LastOffset + 1;
            }
        }
        catch (CorruptRecordException)
        {
            return null; // a read of these offsets reports the damage; a time look-up only has no answer
        }
        finally
        {
            segment.Log.Release();
        }
    }
}
