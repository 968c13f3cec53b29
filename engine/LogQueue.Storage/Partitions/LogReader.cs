using LogQueue.Records;
using LogQueue.Storage.Segments;
using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// Reads a log: by offset, by time. What was not checked since the start is checked before it is served; what is damaged is not served.
/// Takes no lock of the log; leases keep files open. Thread-safe.
/// </summary>
internal sealed class LogReader(SegmentList segments, LogOffsets offsets, LeaderEpochCheckpoint epochs, Quarantine quarantine)
{
    /// <summary>Whole batches from the one that holds the offset, at most <paramref name="maxBytes"/> unless the first is larger.</summary>
    public ReadResult Read(long offset, int maxBytes, ReadIsolation isolation, bool atLeastOneBatch)
    {
        long stable = offsets.LastStable;
        long end = offsets.LogEnd;
        long high = PlantedBugs.IsOn(PlantedBug.ReadPastDurable) ? end : offsets.HighWatermark;
        long bound = isolation switch { ReadIsolation.Committed => stable, ReadIsolation.Uncommitted => high, _ => end };
        if (offset < offsets.LogStart || offset > end)
        {
            return Answer(ReadStatus.OffsetOutOfRange, default, []);
        }

        if (offset >= bound)
        {
            return Answer(ReadStatus.Ok, default, []);
        }

        ReadOnlySpan<LogSegment> all = segments.Snapshot;
        for (int i = Math.Max(0, SegmentList.Find(all, offset)); i < all.Length && all[i].BaseOffset < bound;)
        {
            if (quarantine.Holds(offset))
            {
                return Answer(ReadStatus.Corrupt, default, []);
            }

            if (!all[i].Log.TryAcquire())
            {
                // Retention or the cleaner took it between the look at the list and here.
                ReadOnlySpan<LogSegment> now = segments.Snapshot;
                if (now == all || offset < offsets.LogStart)
                {
                    return Answer(ReadStatus.OffsetOutOfRange, default, []);
                }

                all = now;
                i = Math.Max(0, SegmentList.Find(all, offset));
                continue;
            }

            if (ReadSegment(all[i], offset, bound, maxBytes, atLeastOneBatch, out RecordSlice slice, out long sliceEnd) is not { } status)
            {
                quarantine.Examine(all[i]); // from here on its damage is known: look again
                continue;
            }

            if (status != ReadStatus.Ok || !slice.IsEmpty)
            {
                AbortedTransaction[] aborted = !slice.IsEmpty && isolation == ReadIsolation.Committed
                    ? FindAborted(all, offset, sliceEnd) : [];
                return Answer(status, slice, aborted);
            }

            if (i + 1 < all.Length && all[i].NextOffset > offset)
            {
                break; // nothing fitted
            }

            offset = Math.Max(offset, i + 1 < all.Length ? all[i + 1].BaseOffset : bound);
            i++;
        }

        // Below the bound without a segment: its file is missing, and all after it.
        return Answer(offset < bound && quarantine.Holds(offset) ? ReadStatus.Corrupt : ReadStatus.Ok, default, []);

        ReadResult Answer(ReadStatus status, RecordSlice slice, AbortedTransaction[] aborted) => new()
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
        ReadOnlySpan<LogSegment> all = segments.Snapshot;
        for (int i = 0; i < all.Length; i++)
        {
            if (all[i].NextOffset <= offsets.LogStart || all[i].MaxTimestampMs < timestampMs)
            {
                continue;
            }

            if (FindRecord(all[i], timestampMs, exact: false, out bool isGone) is { } found)
            {
                return found.Offset < offsets.HighWatermark ? found : null;
            }

            if (isGone && segments.Snapshot != all)
            {
                all = segments.Snapshot; // the cleaner put another in its place
                i = -1;
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
        ReadOnlySpan<LogSegment> all = segments.Snapshot;
        for (int i = 0; i < all.Length; i++)
        {
            LogSegment segment = all[i];
            long known = latest?.TimestampMs ?? -1;
            if (segment.NextOffset <= from || segment.BaseOffset >= to || segment.MaxTimestampMs <= known)
            {
                continue;
            }

            TimestampOffset? found = FindRecord(segment, segment.MaxTimestampMs, exact: true, out bool isGone);
            if (!isGone && (found is null || found.Value.Offset >= to))
            {
                found = FindLatest(segment, from, to, out isGone); // that one was deleted, or may not be read yet
            }

            if (isGone && segments.Snapshot != all)
            {
                all = segments.Snapshot; // the cleaner put another in its place
                latest = null;
                i = -1;
                continue;
            }

            latest = found?.TimestampMs > known ? found : latest;
        }

        return latest;
    }

    /// <summary>
    /// Reads from one segment under a lease, which goes to the slice or ends here. Null: something on the way is not what was written; the
    /// segment is to be examined.
    /// </summary>
    private ReadStatus? ReadSegment(
        LogSegment segment, long offset, long bound, int maxBytes, bool atLeastOneBatch, out RecordSlice slice, out long sliceEnd)
    {
        slice = default;
        sliceEnd = bound;
        bool isLeaseGiven = false;
        try
        {
            if (!TryFindLimit(segment, bound, out long limit))
            {
                return null;
            }

            sliceEnd = Math.Min(bound, segment.NextOffset);
            quarantine.FindStretch(segment, offset, ref limit, out long from, out DamagedRange? damage);
            BatchLocation first = SegmentReader.FindBatch(segment, offset, limit, from);
            from = Math.Max(from, segment.OffsetIndex.FindPosition(offset));
            if (first.Outcome != BatchSearch.Found)
            {
                return !segment.Integrity.Check(from, limit) ? null
                    : first.Outcome == BatchSearch.Corrupt || damage is not null ? ReadStatus.Corrupt : ReadStatus.Ok;
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

            end = Math.Min(end, first.Position + int.MaxValue);
            if (!segment.Integrity.Check(from, Math.Max(first.End, end)))
            {
                return null;
            }

            if (end > first.Position)
            {
                slice = segment.Slices.Lend(first.Position, (int)(end - first.Position));
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

    /// <summary>Where batches below the bound end in a segment; false when the headers on the way are not what was written.</summary>
    private bool TryFindLimit(LogSegment segment, long bound, out long limit)
    {
        limit = segment.SizeBytes; // before the offset: see LogSegment.Publish
        if (segment.NextOffset <= bound)
        {
            return true;
        }

        quarantine.FindStretch(segment, bound, ref limit, out long from, out _);
        BatchLocation at = SegmentReader.FindBatch(segment, bound, limit, from);
        from = Math.Max(from, segment.OffsetIndex.FindPosition(bound));
        if (!segment.Integrity.Check(from, at.Outcome == BatchSearch.Found ? at.End : limit))
        {
            return false;
        }

        limit = at.Outcome == BatchSearch.PastEnd ? limit : at.Position;
        return true;
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

    private TimestampOffset? FindLatest(LogSegment segment, long from, long to, out bool isGone)
    {
        isGone = !segment.Log.TryAcquire();
        if (isGone)
        {
            return null;
        }

        try
        {
            if (!segment.Integrity.Check(0, segment.SizeBytes) && quarantine.Examine(segment).Count == 0 && IsGone(segment))
            {
                isGone = true;
                return null;
            }

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

    /// <summary>The first record of a segment with the time; damaged ranges are passed over: nothing in them can be read.</summary>
    private TimestampOffset? FindRecord(LogSegment segment, long timestampMs, bool exact, out bool isGone)
    {
        isGone = !segment.Log.TryAcquire();
        if (isGone)
        {
            return null;
        }

        try
        {
            long from = Math.Max(offsets.LogStart, segment.BaseOffset);
            while (true)
            {
                long limit = segment.SizeBytes;
                quarantine.FindStretch(segment, from, ref limit, out long start, out DamagedRange? damage);
                BatchLocation batch = SegmentReader.FindByTimestamp(segment, timestampMs, from, limit, start);
                start = Math.Max(start, SegmentReader.FindWalkStart(segment, timestampMs, from));
                if (!segment.Integrity.Check(start, batch.Outcome == BatchSearch.Found ? batch.End : limit))
                {
                    if (quarantine.Examine(segment).Count == 0 && IsGone(segment))
                    {
                        isGone = true; // nobody will say any more what in it is wrong
                        return null;
                    }

                    continue;
                }

                if (batch.Outcome != BatchSearch.Found)
                {
                    if (batch.Outcome == BatchSearch.Corrupt || damage is not { } hole)
                    {
                        return null;
                    }

                    from = hole.ToOffset;
                    continue;
                }

                if (FindIn(segment, batch, timestampMs, from, exact) is { } found)
                {
                    return found;
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

    private bool IsGone(LogSegment segment) => segments.Snapshot.IndexOf(segment) < 0;

    private TimestampOffset? FindIn(LogSegment segment, BatchLocation batch, long timestampMs, long from, bool exact)
    {
        using PooledBuffer buffer = PooledBuffer.Rent(batch.SizeBytes);
        if (segment.Read(batch.Position, buffer.Span) == batch.SizeBytes && new RecordBatchView(buffer.Span).IsChecksumValid)
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

        return null;
    }
}
