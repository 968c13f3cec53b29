using LogQueue.Records;
using LogQueue.Storage.Compaction;
using LogQueue.Storage.Indexes;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// How an open log is cleaned: what is due, the passes, and the swap of a cleaned segment for its sources. The passes hold no lock of the
/// log; a swap holds the seal lock, which keeps cuts, retention and closing away, and the append lock for the change of the list alone.
/// One cleaner per log at a time; everything else may run beside it, but for what takes the files themselves away (<see cref="Without"/>).
/// </summary>
internal sealed class LogCleaning(LogSession log)
{
    private readonly Lock _oneCleaner = new();
    private readonly Lock _stopLock = new();
    private CancellationTokenSource? _stop;
    private int _others;
    private CleanCheckpoint? _checkpoint;
    private LogState? _checkpointOf;

    /// <summary>What there is to clean; null when the log is not compacted, closed, damaged or offline.</summary>
    public CleanPlan? Plan(DateTimeOffset now)
    {
        LogOptions options = log.Options;
        if (!options.Compacted)
        {
            return null;
        }

        lock (log.SealLock)
        {
            if (log.ClosedBecause is not null || log.Context.Fence.IsTripped || log.State.Damage.Length > 0)
            {
                return null;
            }

            CleanCheckpoint checkpoint = LoadCheckpointLocked();
            lock (log.AppendLock)
            {
                return PlanLocked(options, checkpoint, now.ToUnixTimeMilliseconds());
            }
        }
    }

    /// <summary>Cleans all that is cleanable now, in as many passes as the map needs.</summary>
    /// <param name="map">The map; this log's alone meanwhile.</param>
    /// <param name="throttle">Bounds the bytes per second.</param>
    /// <param name="seeds">Gives each pass the seed of its key hash.</param>
    /// <param name="cancellationToken">Ends it between two batches; what was swapped stays.</param>
    /// <exception cref="CorruptLogException">A segment is damaged: it is as it was, and so is what follows it.</exception>
    /// <exception cref="CorruptRecordException">A batch cannot be read, with the same effect.</exception>
    /// <exception cref="StorageException">The disk is full, or failed; a failed sync has fenced the directory.</exception>
    public CleanResult Clean(KeyOffsetMap map, CleanThrottle throttle, Random seeds, CancellationToken cancellationToken)
    {
        lock (_oneCleaner)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            CleanResult sum = new(0, 0, 0, 0, 0, true);
            try
            {
                SetStop(stop);
                return CleanAll(ref sum, map, throttle, seeds, stop.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return sum with { IsComplete = false }; // the log is wanted by somebody else
            }
            finally
            {
                SetStop(null);
            }
        }
    }

    /// <summary>
    /// Runs what takes files of the log away or changes them, while no pass has any of them open: one that runs gives up at its next batch
    /// and is waited for, and none begins. A segment that a pass has begun to swap in is swapped before. No lock of the log may be held.
    /// </summary>
    public void Without(Action action)
    {
        lock (_stopLock)
        {
            _others++;
            _stop?.Cancel();
        }

        try
        {
            lock (_oneCleaner)
            {
                action();
            }
        }
        finally
        {
            lock (_stopLock)
            {
                _others--;
            }
        }
    }

    private void SetStop(CancellationTokenSource? stop)
    {
        lock (_stopLock)
        {
            _stop = stop;
            if (_others > 0)
            {
                stop?.Cancel(); // it waits for us since before
            }
        }
    }

    private CleanResult CleanAll(
        ref CleanResult sum, KeyOffsetMap map, CleanThrottle throttle, Random seeds, CancellationToken cancellationToken)
    {
        while (Plan(log.Context.TimeProvider.GetUtcNow()) is { Segments.Length: > 0 } plan
            && (sum.Passes == 0 || plan.FirstDirtyOffset < plan.EndOffset))
        {
            LogState state = log.State;
            var pass = new CleaningPass(plan, log.Options, log.Context.Device, map, throttle, log.NowMs);
            CleanResult result = RunPass(pass, state, seeds.NextInt64(), cancellationToken);
            sum += result;
            if (!result.IsComplete || !TrySaveCheckpoint(pass.Checkpoint, state))
            {
                return sum with { IsComplete = false };
            }

            if (pass.Checkpoint.FirstDirtyOffset >= plan.EndOffset)
            {
                break; // what became cleanable meanwhile is for the next time, or a busy log would hold the cleaner for ever
            }
        }

        return sum;
    }

    private CleanResult RunPass(CleaningPass pass, LogState state, long seed, CancellationToken cancellationToken)
    {
        try
        {
            return pass.Run(log.Context.FileBudget, log.Context.MapBudget,
                (sources, rewriter) => TrySwap(sources, rewriter, state), seed, cancellationToken);
        }
        catch (StorageException e) when (IsSync(e))
        {
            log.Context.Fence.Trip(e); // final: nothing is synced in this directory any more
            throw;
        }
    }

    private bool TrySwap(LogSegment[] sources, SegmentRewriter rewriter, LogState state)
    {
        lock (log.SealLock)
        {
            if (log.ClosedBecause is not null || log.Context.Fence.IsTripped || !ReferenceEquals(log.State, state)
                || !IsWholeLocked(sources) || log.State.Quarantine.HasAny(sources) || !TryPin(sources))
            {
                return false;
            }

            var manifest = new SwapManifest(
                sources[0].BaseOffset, rewriter.Cleaned.TransactionIndex.Count > 0, [.. sources.Skip(1).Select(static s => s.BaseOffset)]);
            bool isDecided = false;
            rewriter.MayCount = true;
            try
            {
                CleanCheckpoint.Ensure(log.Context.Device, log.Directory);
                manifest.Save(log.Context.Device, log.Directory);
                isDecided = true;
                rewriter.Cleaned.Close(); // its names change
                manifest.Finish(log.Context.Device, log.Directory);
                ReplaceLocked(sources);
            }
            catch (Exception e) when (e is CorruptLogException
                || (e is StorageException s && (isDecided || s.Error != StorageError.NoSpace || IsSync(s))))
            {
                // Decided or not, only a restart can tell what the disk has; readers go on with the pinned files.
                log.Context.Fence.Trip(e);
                throw;
            }
            finally
            {
                if (!isDecided && !log.Context.Fence.IsTripped)
                {
                    rewriter.MayCount = false; // the disk was full before anything was decided
                    Array.ForEach(sources, static s => s.Unpin());
                }
            }

            Array.ForEach(sources, static s => s.Supersede());
            log.State.Quarantine.Forget(sources);
            return true;
        }
    }

    private static bool IsSync(StorageException e) => e.Operation.Contains("sync", StringComparison.Ordinal);

    private bool IsWholeLocked(LogSegment[] sources)
    {
        lock (log.AppendLock)
        {
            return log.State.Segments.IndexOf(sources) >= 0;
        }
    }

    private void ReplaceLocked(LogSegment[] sources)
    {
        LogSegment replacement = LogSegment.Open(log.Context.Device, log.Directory, sources[0].BaseOffset, log.Context.FileBudget,
            log.Context.MapBudget, writable: false);
        if (!SegmentSealer.TryAdopt(log.Context.Device, replacement))
        {
            throw new CorruptLogException(replacement.Log.Path, 0, "the cleaned segment as it was sealed", "other bytes");
        }

        replacement.Integrity.EpochOf = sources[0].Integrity.EpochOf;
        replacement.Rest();
        lock (log.AppendLock)
        {
            _ = log.State.Segments.TryReplace(sources, replacement);
        }
    }

    private static bool TryPin(LogSegment[] sources)
    {
        int count = 0;
        try
        {
            while (count < sources.Length && sources[count].TryPin())
            {
                count++;
            }

            return count == sources.Length;
        }
        finally
        {
            if (count < sources.Length)
            {
                Array.ForEach(sources[..count], static s => s.Unpin()); // also when a file could not be opened
            }
        }
    }

    private CleanCheckpoint LoadCheckpointLocked()
    {
        if (_checkpoint is null || !ReferenceEquals(_checkpointOf, log.State))
        {
            _checkpoint = CleanCheckpoint.TryLoad(log.Context.Device, log.Directory) ?? CleanCheckpoint.None;
            _checkpointOf = log.State;
            if (_checkpoint.FirstDirtyOffset > log.Offsets.LogEnd)
            {
                _checkpoint = CleanCheckpoint.None;
            }
        }

        return _checkpoint;
    }

    private bool TrySaveCheckpoint(CleanCheckpoint checkpoint, LogState state)
    {
        lock (log.SealLock)
        {
            if (log.ClosedBecause is not null || !ReferenceEquals(log.State, state))
            {
                return false;
            }

            _checkpoint = checkpoint;
            checkpoint.Save(log.Context.Device, log.Directory);
            return true;
        }
    }

    private CleanPlan PlanLocked(LogOptions options, CleanCheckpoint checkpoint, long nowMs)
    {
        ReadOnlySpan<LogSegment> all = log.State.Segments.Snapshot;
        long firstDirty = Math.Max(checkpoint.FirstDirtyOffset, log.Offsets.LogStart);
        long bound = Math.Min(log.Offsets.LastStable, Math.Min(log.Offsets.HighWatermark, log.Waiters.DurableEnd));
        List<LogSegment> segments = [];
        long cleanBytes = 0;
        long dirtyBytes = 0;
        long oldestDirtyMs = long.MaxValue;
        long end = firstDirty;
        for (int i = 0; i < all.Length - 1; i++)
        {
            LogSegment segment = all[i];
            long next = all[i + 1].BaseOffset;
            bool isDirty = next > firstDirty;
            if (next > bound || log.Rolled.Exists(r => r.Segment == segment) // not sealed yet
                || (isDirty && options.MinCompactionLagMs > 0 && segment.MaxTimestampMs > nowMs - options.MinCompactionLagMs))
            {
                break;
            }

            segments.Add(segment);
            end = Math.Max(end, next);
            cleanBytes += isDirty ? 0 : segment.SizeBytes;
            dirtyBytes += isDirty ? segment.SizeBytes : 0;
            if (isDirty && segment.FirstTimestampMs > 0)
            {
                oldestDirtyMs = Math.Min(oldestDirtyMs, segment.FirstTimestampMs);
            }
        }

        List<AbortedEntry> aborted = [];
        foreach (LogSegment segment in all) // of the active one too: it may hold the marker of data that lie before it
        {
            segment.TransactionIndex.CopyTo(aborted);
        }

        return new CleanPlan
        {
            Segments = [.. segments],
            FirstDirtyOffset = firstDirty,
            EndOffset = end,
            CleanBytes = cleanBytes,
            DirtyBytes = dirtyBytes,
            IsLate = oldestDirtyMs != long.MaxValue && nowMs - oldestDirtyMs > options.MaxCompactionLagMs,
            IsPastHorizon = checkpoint.NextHorizonMs <= nowMs,
            MinDirtyRatio = options.MinCleanableDirtyRatio,
            Aborted = aborted,
            Producers = new ActiveProducers(log.State.Producers.Entries.ToDictionary(static p => p.ProducerId,
                static p => (p.BatchCount > 0 ? p.LastBatch.LastOffset : -1, p.Epoch))),
        };
    }
}
