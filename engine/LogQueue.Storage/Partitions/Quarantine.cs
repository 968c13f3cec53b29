using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// The damaged ranges of one log: known from recovery, or found by a read or the scrubber while it runs. Reads inside them answer Corrupt,
/// reads outside go on, appends are refused until repair; no byte is changed. Thread-safe; ranges are only added, but for those of a
/// segment whose files the cleaner has replaced.
/// </summary>
internal sealed class Quarantine(
    PartitionLogContext context, string directory, SegmentList segments, LogOffsets offsets, IEnumerable<DamagedRange> known)
{
    private readonly Lock _lock = new();
    private DamagedRange[] _ranges = [.. known.OrderBy(static r => r.FromOffset)];

    /// <summary>The ranges that still matter: what lies below the log start was deleted.</summary>
    public DamagedRange[] Ranges
    {
        get
        {
            DamagedRange[] all = Volatile.Read(ref _ranges);
            return all.Length == 0 || Array.TrueForAll(all, r => r.ToOffset > offsets.LogStart) ? all
                : Array.FindAll(all, r => r.ToOffset > offsets.LogStart);
        }
    }

    /// <summary>True when an offset lies in a damaged range.</summary>
    public bool Holds(long offset)
    {
        foreach (DamagedRange range in Volatile.Read(ref _ranges))
        {
            if (offset >= range.FromOffset && offset < range.ToOffset)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// The intact stretch of a segment in which an offset is to be looked for; <paramref name="next"/> is the damage that ends it, or null.
    /// </summary>
    public void FindStretch(LogSegment segment, long offset, ref long limit, out long from, out DamagedRange? next)
    {
        from = 0;
        next = null;
        foreach (DamagedRange range in Volatile.Read(ref _ranges))
        {
            if (range.SegmentBaseOffset != segment.BaseOffset)
            {
                continue;
            }

            if (range.ToOffset <= offset)
            {
                from = Math.Max(from, range.ToPosition);
            }
            else if (next is null && range.FromPosition <= limit)
            {
                limit = Math.Min(limit, range.FromPosition);
                next = range;
            }
        }
    }

    /// <summary>
    /// Something in a segment is not what its seal or its batches say: finds out what, and from then on the segment's damage is known.
    /// Returns the ranges found; none when the segment is no part of the log any more: its damage is that of no record.
    /// Throws <see cref="StorageException"/> when the disk fails.
    /// </summary>
    public IReadOnlyList<DamagedRange> Examine(LogSegment segment)
    {
        DamagedRange[] found;
        lock (_lock)
        {
            long end = segment.Integrity.UncheckedEnd;
            if (end == 0 || !segment.Log.TryAcquire())
            {
                return []; // another reader was faster, or retention took it
            }

            try
            {
                var examiner = new SegmentExaminer(segment.Log.File, segment.BaseOffset, end, segment.Integrity.UncheckedNextOffset,
                    segment.Integrity.AllowGaps)
                {
                    BlockChecksums = segment.Integrity.BlockChecksums,
                    EpochOf = segment.Integrity.EpochOf,
                };
                found = [.. examiner.Run().Select(hole => DamagedRange.Of(segment, hole))];
            }
            finally
            {
                segment.Log.Release();
            }

            if (!IsPart(segment))
            {
                return [];
            }

            Volatile.Write(ref _ranges, [.. _ranges.Concat(found).OrderBy(static r => r.FromOffset)]);
            segment.Integrity.TrustAll(); // the holes are known now, the rest was checked
        }

        if (found.Length > 0)
        {
            Remember();
            foreach (DamagedRange range in found)
            {
                context.DamageFound?.Invoke(directory, range);
            }
        }

        return found;
    }

    /// <summary>True when damage is known of one of the segments.</summary>
    public bool HasAny(ReadOnlySpan<LogSegment> among)
    {
        foreach (DamagedRange range in Volatile.Read(ref _ranges))
        {
            if (range.Segment is { } segment && among.Contains(segment))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Others took the place of these segments: what was found in their files meanwhile says nothing of the log. After they left the list.
    /// </summary>
    public void Forget(LogSegment[] replaced)
    {
        lock (_lock) // who is examining one of them has booked it when this is ours, or will not
        {
            if (!HasAny(replaced))
            {
                return;
            }

            Volatile.Write(ref _ranges, Array.FindAll(_ranges, r => r.Segment is null || !replaced.Contains(r.Segment)));
        }

        Remember();
    }

    /// <summary>Damage of a segment that this process wrote itself: a seal would have covered it.</summary>
    public void ExamineWritten(LogSegment segment)
    {
        segment.Integrity.Distrust(segment.SizeBytes, segment.NextOffset, isSealed: false);
        _ = Examine(segment);
    }

    private bool IsPart(LogSegment segment) => segments.Snapshot.IndexOf(segment) >= 0;

    private void Remember()
    {
        if (context.Fence.IsTripped)
        {
            return;
        }

        try
        {
            QuarantineFile.Save(context.Device, directory,
                Volatile.Read(ref _ranges).Where(static r => r.SegmentBaseOffset >= 0).Select(static r => r.SegmentBaseOffset).ToHashSet());
        }
        catch (StorageException)
        {
            // A disk in trouble: this process knows, and the next one finds the damage when it reads it.
        }
    }
}
