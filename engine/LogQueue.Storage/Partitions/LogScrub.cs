using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// Checks the files of one log at rest, a step at a time: the blocks of sealed segments against their seals, the indexes against theirs,
/// the snapshots against themselves. A damaged block is quarantined; a damaged cache is made again or taken away. One user at a time; safe
/// beside appends, reads, retention.
/// </summary>
internal sealed class LogScrub(LogSession log)
{
    /// <summary>Bytes read in one step at most.</summary>
    internal const int StepBytes = SegmentSeal.BlockBytes;

    private readonly IStorageDevice _device = log.Context.Device;

    /// <summary>Caches that were damaged and made again so far.</summary>
    public int RebuiltCaches { get; private set; }

    /// <summary>Runs step by step; each gives the bytes it read. Throws <see cref="StorageException"/> when the disk fails.</summary>
    public IEnumerable<int> Steps()
    {
        foreach (LogSegment segment in log.State.Segments.Snapshot.ToArray())
        {
            if (segment.IsWritable || Array.Exists(log.State.Damage, d => d.SegmentBaseOffset == segment.BaseOffset))
            {
                continue; // not sealed yet, or its damage is known
            }

            SegmentSeal? seal = SegmentSeal.TryLoad(_device, segment.PathOf(SegmentFileName.Seal));
            if (seal is null || seal.LogBytes != segment.SizeBytes || seal.BaseOffset != segment.BaseOffset)
            {
                yield return Reseal(segment);
                continue;
            }

            for (int block = 0; block < seal.BlockChecksums.Length; block++)
            {
                if (!IsRight(segment, seal, block))
                {
                    Examine(segment, seal);
                    yield return (int)Math.Min(int.MaxValue, seal.LogBytes);
                    break;
                }

                yield return (int)Math.Min(StepBytes, seal.LogBytes - ((long)block * StepBytes));
            }

            yield return CheckIndexes(segment, seal);
        }

        yield return CheckSnapshots();
    }

    private bool IsRight(LogSegment segment, SegmentSeal seal, int block)
    {
        if (!segment.Log.TryAcquire())
        {
            return true; // retention took it
        }

        try
        {
            using PooledBuffer buffer = PooledBuffer.Rent(StepBytes);
            return SegmentExaminer.IsBlockRight(segment.Log.File, seal.BlockChecksums[block], block, seal.LogBytes, buffer.Span);
        }
        finally
        {
            segment.Log.Release();
        }
    }

    private void Examine(LogSegment segment, SegmentSeal seal)
    {
        lock (log.SealLock) // between two swaps of the cleaner: the seal was this segment's, or the segment is gone
        {
            if (!IsGone(segment))
            {
                segment.Integrity.Distrust(seal.LogBytes, seal.NextOffset, isSealed: true);
                log.State.Quarantine.Examine(segment);
            }
        }
    }

    private int CheckIndexes(LogSegment segment, SegmentSeal seal)
    {
        if (segment.FingerprintIndexes(_device) == seal.Indexes || IsGone(segment))
        {
            return seal.Indexes.OffsetIndexBytes + seal.Indexes.TimeIndexBytes;
        }

        return Reseal(segment, reindex: true);
    }

    /// <summary>Makes indexes and seal again from the log, after checking every batch; or finds the damage that forbids it.</summary>
    private int Reseal(LogSegment segment, bool reindex = false)
    {
        lock (log.SealLock)
        {
            if (IsGone(segment) || !segment.Log.TryAcquire())
            {
                return 0;
            }

            try
            {
                if (reindex)
                {
                    segment.Reindex(log.Options.IndexIntervalBytes);
                    segment.FlushIndexes(sync: true);
                }

                _device.ReplaceDurably(segment.PathOf(SegmentFileName.Seal), SegmentSeal.Of(_device, segment).ToBytes());
                segment.Rest();
                RebuiltCaches++;
            }
            catch (CorruptLogException)
            {
                log.State.Quarantine.ExamineWritten(segment);
            }
            finally
            {
                segment.Log.Release();
            }
        }

        return (int)Math.Min(int.MaxValue, segment.SizeBytes);
    }

    private int CheckSnapshots()
    {
        int read = 0;
        foreach (string name in _device.ListFiles(log.Directory))
        {
            if (SegmentFileName.TryParse(name, SegmentFileName.Snapshot, out _))
            {
                string path = Path.Combine(log.Directory, name);
                lock (log.CommitLock)
                {
                    if (_device.FileExists(path) && ProducerSnapshot.TryLoad(_device, path) is null)
                    {
                        _device.Delete(path); // recovery takes the one before it and replays more
                        RebuiltCaches++;
                    }
                }

                read += StepBytes / 16;
            }
        }

        return read;
    }

    private bool IsGone(LogSegment segment) =>
        log.ClosedBecause is not null || log.Context.Fence.IsTripped || log.State.Segments.Snapshot.IndexOf(segment) < 0;
}
