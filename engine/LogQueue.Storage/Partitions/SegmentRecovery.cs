using LogQueue.Records;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// Scans one segment that no seal vouches for: rebuilds its indexes, and tells a torn tail from damage. Used by one thread.
/// </summary>
/// <remarks>
/// The rule. A bad batch is <b>damage</b>: kept, listed, never cut, when
/// <list type="bullet">
/// <item>it lies below the recovery point: it was synced, so no crash tore it; or</item>
/// <item>a whole batch follows more than 16 MiB past it: more than one group of unsynced writes, so what lies between was synced; or</item>
/// <item>one flipped bit is all that is wrong with it: a crash leaves old or new sectors, not one bit.</item>
/// </list>
/// Anything else behind the recovery point is a <b>torn tail</b>: unsynced, never acknowledged, and cut. Where whole batches follow within
/// the cut, the bytes are copied to <c>lost+found</c> first.
/// </remarks>
internal sealed class SegmentRecovery(
    PartitionLogContext context, LogOptions options, RecoveryCheckpoint? checkpoint, bool cleanShutdown, bool allowGaps)
{
    /// <summary>What one group of unsynced writes may hold.</summary>
    internal const long MostUnsyncedBytes = 16 << 20;

    private readonly IStorageDevice _device = context.Device;
    private readonly bool _allowGaps = allowGaps;
    private TailAnchor? _anchor;
    private bool _gaps = allowGaps;

    /// <summary>The leader epoch of an offset, where the epochs are known to be right; null otherwise.</summary>
    public Func<long, int>? EpochOf { get; set; }

    /// <summary>The leader epoch of all that was written since the checkpoint; null when that is not known.</summary>
    public int? TailEpoch { get; init; }

    /// <summary>Told of each whole batch: epoch and base offset.</summary>
    public required Action<int, long> EpochSeen { get; init; }

    /// <summary>True when offsets may be missing between batches.</summary>
    public bool AllowGaps => _allowGaps;

    public List<DamagedRange> Damage { get; } = [];

    /// <summary>From where on a segment was read and checked.</summary>
    public Dictionary<LogSegment, long> CheckedFrom { get; } = [];

    public List<string> Notes { get; } = [];

    public long ScannedBytes { get; private set; }

    public long CutBytes { get; private set; }

    public int RebuiltIndexes { get; private set; }

    /// <summary>True when bytes were cut that could come back with the next power cut.</summary>
    public bool WasCut { get; set; }

    /// <summary>Looks into a segment that its seal vouches for, because damage was found in it before.</summary>
    public void Examine(LogSegment segment)
    {
        var holes = WithLog(segment, log => new SegmentExaminer(log, segment.BaseOffset, segment.SizeBytes, segment.NextOffset, _allowGaps)
        {
            BlockChecksums = segment.Integrity.BlockChecksums,
            EpochOf = EpochOf,
        }.Run());
        ScannedBytes += segment.SizeBytes;
        foreach (SegmentHole hole in holes)
        {
            AddDamage(DamagedRange.Of(segment, hole));
        }

        segment.Integrity.TrustAll();
    }

    /// <summary>The seal fits the log but not the indexes: rebuilds them, and checks the log against the seal on the way.</summary>
    public void Reindex(LogSegment segment, SegmentSeal seal)
    {
        Clear(segment);
        RebuiltIndexes++;
        Action<long, ReadOnlyMemory<byte>> take = (position, batch) => Take(segment, new RecordBatchView(batch.Span), position);
        var holes = WithLog(segment, log => new SegmentExaminer(log, segment.BaseOffset, seal.LogBytes, seal.NextOffset, _allowGaps)
        {
            BlockChecksums = seal.BlockChecksums,
            EpochOf = EpochOf,
            Intact = take,
        }.Run());
        segment.Publish(seal.NextOffset, seal.LogBytes);
        ScannedBytes += seal.LogBytes;
        foreach (SegmentHole hole in holes)
        {
            AddDamage(DamagedRange.Of(segment, hole));
        }
    }

    /// <summary>
    /// Scans what is not known to be right. Returns true when the log must end in this segment: what follows was never durable.
    /// </summary>
    /// <param name="segment">The segment.</param>
    /// <param name="laterBases">Base offsets of the segments after it.</param>
    /// <param name="isSuspect">True: from the first byte, because damage was found in it before.</param>
    public bool Scan(LogSegment segment, ReadOnlySpan<long> laterBases, bool isSuspect)
    {
        long fileBytes = _device.FileLength(segment.Log.Path);
        DropCache(segment);
        _anchor = laterBases.IsEmpty ? checkpoint?.AnchorOf(segment) : null;
        _gaps = _allowGaps && !(laterBases.IsEmpty && checkpoint?.IsWithoutGaps(segment) == true);
        segment.Integrity.AllowGaps = _gaps;
        long start = isSuspect ? 0 : FindScanStart(segment, fileBytes);
        if (!TryScanFrom(segment, start, fileBytes, out string? stop) || (stop is not null && start < checkpoint?.Position))
        {
            start = 0; // the index pointed into the middle of something, or nothing but the index says that the first batch was right
            _ = TryScanFrom(segment, 0, fileBytes, out stop);
        }

        RebuiltIndexes += start == 0 && fileBytes > 0 ? 1 : 0;
        long recoveryPoint = checkpoint?.RecoveryPoint ?? -1;
        long dataEnd = stop is null ? segment.SizeBytes : FindDataEnd(segment, segment.SizeBytes, fileBytes);
        while (dataEnd > segment.SizeBytes)
        {
            long lostTo = laterBases.IsEmpty ? Math.Max(recoveryPoint, segment.NextOffset + 1) : laterBases[0];
            if (!IsDamage(segment, fileBytes, dataEnd, laterBases, ref lostTo))
            {
                Cut(segment, dataEnd, fileBytes, stop);
                return true;
            }

            long from = segment.SizeBytes;
            long most = laterBases.IsEmpty ? long.MaxValue : laterBases[0];
            (long resume, long offset) = WithLog(segment, log => SegmentExaminer.FindIntact(
                log, from, segment.NextOffset, fileBytes, most, _gaps, dataEnd, EpochOf));
            bool isEnd = resume >= dataEnd;
            AddDamage(DamagedRange.Of(segment, new SegmentHole(
                from, isEnd ? dataEnd : resume, segment.NextOffset, isEnd ? lostTo : offset, stop!)));
            if (isEnd)
            {
                return false;
            }

            stop = ScanOn(segment, resume, fileBytes, offset);
            dataEnd = stop is null ? segment.SizeBytes : FindDataEnd(segment, segment.SizeBytes, fileBytes);
        }

        return EndsEarly(segment, laterBases, recoveryPoint, fileBytes, stop);
    }

    /// <summary>
    /// After a failed sync the page cache shows what the disk never got. What was not known to be durable is therefore read from the disk;
    /// what is still waiting to be written stays cached, and is synced at the end of recovery, or fails there.
    /// </summary>
    private void DropCache(LogSegment segment)
    {
        if (!cleanShutdown)
        {
            const long Block = 64 << 10; // larger than any page: part of a page stays cached
            long from = checkpoint is { } c && c.SegmentBaseOffset == segment.BaseOffset ? c.Position : 0;
            segment.DropCache(from / Block * Block);
        }
    }

    /// <summary>
    /// True when a segment is missing between two offsets that was never durable, or was being cut. Compaction leaves gaps, too, but only
    /// below the recovery point.
    /// </summary>
    public bool IsHole(long next, long following) => next < following && following > checkpoint?.RecoveryPoint;

    /// <summary>All bytes are right; are they all that were there?</summary>
    private bool EndsEarly(LogSegment segment, ReadOnlySpan<long> laterBases, long recoveryPoint, long fileBytes, string? stop)
    {
        long next = segment.NextOffset;
        if (!laterBases.IsEmpty && (next == laterBases[0] || (_gaps && !IsHole(next, laterBases[0]))))
        {
            return false;
        }

        if (next < recoveryPoint && !PlantedBugs.IsOn(PlantedBug.TruncateDamage))
        {
            long lostTo = laterBases.IsEmpty ? recoveryPoint : laterBases[0];
            AddDamage(DamagedRange.Of(segment, new SegmentHole(segment.SizeBytes, segment.SizeBytes, next, lostTo,
                stop is null ? "the file ends before the recovery point" : "zeros where records were")));
            return false;
        }

        Cut(segment, segment.SizeBytes, fileBytes, stop);
        return true;
    }

    private bool IsDamage(LogSegment segment, long fileBytes, long dataEnd, ReadOnlySpan<long> laterBases, ref long lostTo)
    {
        long position = segment.SizeBytes;
        if (checkpoint is null && (cleanShutdown || !laterBases.IsEmpty))
        {
            return true;
        }

        if (segment.NextOffset < (checkpoint?.RecoveryPoint ?? -1))
        {
            return !PlantedBugs.IsOn(PlantedBug.TruncateDamage);
        }

        if (WithLog(segment, log => OneBitError.FindNextOffset(log, position, fileBytes, segment.NextOffset)) is { } after)
        {
            lostTo = laterBases.IsEmpty ? Math.Max(lostTo, after) : lostTo;
            return true;
        }

        long far = position + MostUnsyncedBytes;
        long expected = segment.NextOffset;
        if (dataEnd > far && WithLog(segment, log => SegmentExaminer.FindIntact(
            log, far, expected, fileBytes, long.MaxValue, _gaps, dataEnd, EpochOf)).Position < dataEnd)
        {
            return true;
        }

        return FarBatches.AnyIn(_device, segment.Directory, laterBases, MostUnsyncedBytes - (fileBytes - position));
    }

    /// <summary>
    /// Brings the segment to a batch boundary up to which it is known to be whole, and its indexes with it; 0 when there is none.
    /// </summary>
    private long FindScanStart(LogSegment segment, long fileBytes)
    {
        if (checkpoint is not { } c || c.SegmentBaseOffset != segment.BaseOffset || c.Position > fileBytes || c.Position == 0)
        {
            return 0;
        }

        if (c.Indexes is { } closed && segment.FingerprintIndexes(_device) == closed
            && segment.OffsetIndex.TryLoad(c.Position) && segment.TimeIndex.TryLoad(c.RecoveryPoint))
        {
            long start = segment.OffsetIndex.FindBatchAtOrBelow(c.Position - 1);
            if (start > 0)
            {
                return start;
            }
        }

        // Index files of a log that was not closed may lack entries or hold old ones: the headers tell all that an index knows.
        Clear(segment);
        if (!WithLog(segment, log => SegmentReader.IndexHeaders(segment, c.Position, options.IndexIntervalBytes, _gaps))
            || _anchor?.Refutes(segment.SizeBytes, segment.NextOffset) == true)
        {
            return 0;
        }

        segment.Integrity.Distrust(c.Position, segment.NextOffset, isSealed: false);
        return c.Position;
    }

    private bool TryScanFrom(LogSegment segment, long start, long fileBytes, out string? stop)
    {
        bool isIndexed = start > 0 && segment.SizeBytes == start;
        bool isTail = isIndexed || segment.BaseOffset > checkpoint?.SegmentBaseOffset; // written since the checkpoint, never compacted
        if (start == 0)
        {
            Clear(segment);
        }

        string? reason = null;
        bool found = WithLog(segment, log =>
        {
            long expected = isIndexed ? segment.NextOffset : segment.BaseOffset;
            using var scanner = new SegmentScanner(log, start, fileBytes, expected, _gaps && !isTail)
            {
                IsAnchored = isIndexed || start == 0,
                Anchor = _anchor,
                EpochOf = isTail && TailEpoch is { } epoch ? _ => epoch : EpochOf,
            };
            while (scanner.MoveNext())
            {
                var batch = new RecordBatchView(scanner.Current);
                if (scanner.BatchCount == 1 && start > 0 && !isIndexed)
                {
                    ResumeIndexes(segment, batch, start);
                }

                Take(segment, batch, scanner.Position);
            }

            ScannedBytes += scanner.Position - start;
            CheckedFrom[segment] = start;
            reason = scanner.StopReason;
            return scanner.BatchCount > 0 || start == 0 || isIndexed;
        });
        stop = reason;
        return found;
    }

    /// <summary>Goes on behind damage; returns why it stopped, null at the end of the file.</summary>
    private string? ScanOn(LogSegment segment, long position, long fileBytes, long expected) => WithLog(segment, log =>
    {
        using var scanner = new SegmentScanner(log, position, fileBytes, expected, _gaps)
        {
            IsAnchored = true,
            Anchor = _anchor,
            EpochOf = EpochOf,
        };
        while (scanner.MoveNext())
        {
            Take(segment, new RecordBatchView(scanner.Current), scanner.Position);
        }

        ScannedBytes += scanner.Position - position;
        return scanner.StopReason;
    });

    private void Take(LogSegment segment, in RecordBatchView batch, long position)
    {
        segment.Index(batch, position, options.IndexIntervalBytes);
        segment.Publish(batch.NextOffset, position + batch.SizeBytes);
        EpochSeen(batch.PartitionLeaderEpoch, batch.BaseOffset);
    }

    private static void Clear(LogSegment segment)
    {
        segment.OffsetIndex.Clear();
        segment.TimeIndex.Clear();
        segment.Adopt(segment.BaseOffset, 0, -1, -1, -1);
        segment.Integrity.TrustAll();
    }

    /// <summary>Keeps the index up to the batch from which the scan goes on.</summary>
    private static void ResumeIndexes(LogSegment segment, in RecordBatchView batch, long position)
    {
        segment.OffsetIndex.TruncateToPosition(position + 1);
        segment.TimeIndex.TruncateToOffset(batch.NextOffset);
        _ = segment.TimeIndex.TryGetLast(out long timestamp, out long offset);
        BatchLocation first = SegmentReader.FindBatch(segment, segment.BaseOffset, position);
        segment.Adopt(batch.BaseOffset, position, timestamp, offset, first.MaxTimestampMs);
        segment.Integrity.Distrust(position, batch.BaseOffset, isSealed: false);
    }

    private static long FindDataEnd(LogSegment segment, long from, long to) => WithLog(segment, log => DataEnd.Find(log, from, to));

    private void Cut(LogSegment segment, long dataEnd, long fileBytes, string? stop)
    {
        long end = segment.SizeBytes;
        if (dataEnd > end)
        {
            if (PlantedBugs.IsOn(PlantedBug.CutOneBatchTooMany) && end > 0)
            {
                BatchLocation last = WithLog(segment, _ => SegmentReader.FindLastEndingBy(segment, 0, end - 1, end));
                segment.Publish(Math.Max(segment.BaseOffset, last.LastOffset + 1), last.End);
                end = last.End;
            }

            WasCut = true;
            CutBytes += dataEnd - end;
            Notes.Add($"segment {segment.BaseOffset}: cut {dataEnd - end} bytes at {end} after offset "
                + $"{segment.NextOffset - 1}, behind the recovery point ({stop})");
            long expected = segment.NextOffset;
            if (WithLog(segment, log => SegmentExaminer.FindIntact(
                log, end, expected, fileBytes, long.MaxValue, allowGaps: true, dataEnd, epochOf: null)).Position < dataEnd)
            {
                Keep(segment, end, dataEnd);
            }
        }

        if (fileBytes > end)
        {
            segment.Trim();
        }
    }

    private void Keep(LogSegment segment, long from, long to)
    {
        try
        {
            Notes.Add($"whole batches lay behind the cut: the bytes are kept in {LostAndFound.Copy(_device, segment.Log.Path, from, to)}");
        }
        catch (StorageException e) when (e.Error == StorageError.NoSpace)
        {
            Notes.Add($"no room to keep the cut bytes: {e.Message}"); // a courtesy: they were never acknowledged
        }
    }

    private void AddDamage(DamagedRange range)
    {
        Damage.Add(range);
        Notes.Add($"damaged: {range}; all bytes are kept and appends are refused");
    }

    private static T WithLog<T>(LogSegment segment, Func<IStorageFile, T> action)
    {
        if (!segment.Log.TryAcquire())
        {
            throw new InvalidOperationException("A segment that is being opened cannot be retired.");
        }

        try
        {
            return action(segment.Log.File);
        }
        finally
        {
            segment.Log.Release();
        }
    }
}
