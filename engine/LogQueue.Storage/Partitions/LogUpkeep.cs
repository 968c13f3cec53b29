using LogQueue.Storage.Compaction;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>What a log does beside appending and reading: retention, log start, cuts, seals, checkpoints. Thread-safe.</summary>
internal sealed class LogUpkeep(LogSession log)
{
    /// <summary>Moves the log start (DeleteRecords); durable when it returns. Whole segments below it go.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The offset is above the high watermark.</exception>
    public void AdvanceLogStart(long offset)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, log.Offsets.HighWatermark);
        lock (log.CommitLock)
        {
            log.ThrowIfClosed();
            long start = log.Offsets.LogStart;
            if (offset > start || log.Checkpointer.SavedLogStart < Math.Min(offset, start)) // the latter: an earlier call could not save it
            {
                log.CommitUnderLock();
                log.ThrowIfFenced();
                MoveLogStart(Math.Max(offset, start));
                log.ThrowIfFenced();
            }
        }
    }

    /// <summary>Deletes what retention no longer keeps; returns the number of segments removed.</summary>
    public int Retain(DateTimeOffset now)
    {
        lock (log.CommitLock)
        {
            if (log.ClosedBecause is not null || log.Context.Fence.IsTripped || log.State.Damage.Length > 0)
            {
                return 0;
            }

            long start;
            lock (log.AppendLock)
            {
                LogOptions options = log.Options;
                if (RetentionRules.IsExpired(log.State.Segments.Active, options, now)
                    && log.State.Segments.Active.NextOffset <= log.Offsets.HighWatermark)
                {
                    TryRollLocked();
                }

                start = RetentionRules.FindLogStart(log.State.Segments.Snapshot, options, now, log.Offsets.LogStart,
                    log.Offsets.HighWatermark);
            }

            if (start == log.Offsets.LogStart && (log.State.Segments.Count < 2 || log.State.Segments.Snapshot[1].BaseOffset > start))
            {
                return 0;
            }

            log.CommitUnderLock();
            return log.Context.Fence.IsTripped ? 0 : MoveLogStart(Math.Max(start, log.Offsets.LogStart));
        }
    }

    /// <summary>Cuts the log to an offset: batches that hold it or follow it go, durably.</summary>
    public void TruncateTo(long offset)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(offset, log.Offsets.LogStart);
        lock (log.CommitLock)
        {
            lock (log.SealLock)
            {
                log.ThrowIfClosed();
                log.CommitUnderLock();
                log.ThrowIfFenced();
                lock (log.AppendLock)
                {
                    if (offset < log.Offsets.LogEnd)
                    {
                        TruncateLocked(offset);
                    }
                }
            }
        }
    }

    /// <summary>Periodic upkeep: checkpoint, producer expiry, sealing that was put off.</summary>
    public void Maintain(DateTimeOffset now)
    {
        lock (log.CommitLock)
        {
            if (log.ClosedBecause is not null || log.Context.Fence.IsTripped)
            {
                return;
            }

            bool isRolled;
            lock (log.AppendLock)
            {
                log.State.Producers.Expire(now.ToUnixTimeMilliseconds(), log.Options.ProducerExpirationMs);
                isRolled = log.State.Damage.Length == 0 && RetentionRules.IsLateForCleaning(log.State.Segments.Active, log.Options, now);
                if (isRolled)
                {
                    TryRollLocked(); // nothing may be appended any more, and the newest segment is never cleaned
                }
            }

            if (isRolled)
            {
                log.CommitUnderLock();
            }

            SaveCheckpointIfDue();
        }

        SealRolled();
    }

    /// <summary>Saves the checkpoint if anything was synced since the last one; leaves it while a commit or a cut has the log.</summary>
    public void TryCheckpoint()
    {
        if (log.Checkpointer.IsDue(1) && log.CommitLock.TryEnter())
        {
            try
            {
                if (log.ClosedBecause is null)
                {
                    SaveCheckpointIfDue();
                }
            }
            finally
            {
                log.CommitLock.Exit();
            }
        }
    }

    private void SaveCheckpointIfDue()
    {
        if (!log.Context.Fence.IsTripped && log.Checkpointer.IsDue(1))
        {
            try
            {
                log.Committer.SaveCheckpoint();
            }
            catch (StorageException e) when (FenceRule.IsFinal(e))
            {
                log.Context.Fence.Trip(e);
            }
            catch (StorageException)
            {
                // A full disk: the older checkpoint only makes the next recovery longer.
            }
        }
    }

    /// <summary>Has rolled segments sealed, in the background if there is one.</summary>
    public void SealSoon()
    {
        if (TryTakeSealable(out _))
        {
            if (log.Context.Background is { } background)
            {
                background(SealRolled);
            }
            else
            {
                SealRolled();
            }
        }
    }

    /// <summary>Writes seals of rolled segments whose data are durable.</summary>
    public void SealRolled()
    {
        lock (log.SealLock)
        {
            while (TryTakeSealable(out RolledSegment? rolled))
            {
                try
                {
                    SegmentSealer.Seal(log.Context.Device, rolled.Segment);
                    rolled.SaveSnapshot(log.Context.Device);
                    lock (log.AppendLock)
                    {
                        log.Rolled.Remove(rolled);
                    }
                }
                catch (CorruptLogException)
                {
                    log.State.Quarantine.ExamineWritten(rolled.Segment);
                    return; // no seal over damage, and none on a damaged log
                }
                catch (StorageException e) when (!FenceRule.IsFinal(e))
                {
                    return; // a seal is a cache; the next upkeep tries again
                }
                catch (StorageException e)
                {
                    log.Context.Fence.Trip(e);
                    return;
                }
            }
        }
    }

    private void TryRollLocked()
    {
        try
        {
            log.Appender.RollLocked(log.NowMs);
        }
        catch (StorageException e) when (!FenceRule.IsFinal(e))
        {
            // No room for a new segment: the active one stays until there is.
        }
        catch (StorageException e)
        {
            log.Context.Fence.Trip(e);
        }
    }

    private int MoveLogStart(long offset)
    {
        LogSegment[] removed;
        lock (log.SealLock)
        {
            lock (log.AppendLock)
            {
                log.Offsets.Set(offset, Math.Max(offset, log.Offsets.LastStable), log.Offsets.HighWatermark, log.Offsets.LogEnd);
            }

            if (PlantedBugs.IsOn(PlantedBug.LogStartBeforeCheckpoint))
            {
                lock (log.AppendLock)
                {
                    int early = log.State.Segments.Snapshot[..^1].ToArray().Count(s => s.NextOffset <= offset);
                    Array.ForEach(log.State.Segments.TakeFirst(early), static s => s.Remove(null));
                }
            }

            try
            {
                log.Committer.SaveCheckpoint(); // first: a start that a crash takes back would show deleted offsets as damage
            }
            catch (StorageException e) when (FenceRule.IsFinal(e))
            {
                log.Context.Fence.Trip(e);
                return 0;
            }

            lock (log.AppendLock)
            {
                int count = 0;
                ReadOnlySpan<LogSegment> all = log.State.Segments.Snapshot;
                while (count < all.Length - 1 && all[count + 1].BaseOffset <= offset)
                {
                    count++;
                }

                removed = log.State.Segments.TakeFirst(count);
                log.Rolled.RemoveAll(r => Array.IndexOf(removed, r.Segment) >= 0);
            }

            foreach (LogSegment segment in removed)
            {
                segment.Remove(null);
            }
        }

        return removed.Length;
    }

    private void TruncateLocked(long offset)
    {
        try
        {
            log.CutCount++;
            CleanCheckpoint.Reset(log.Context.Device, log.Directory); // what is appended next at these offsets is not clean
            log.Context.CommitLog.Forget(log.Directory);
            LogTruncation.Run(log.Context, log.Directory, log.State.Segments, log.Checkpointer, offset, log.Offsets.LogStart);
            var recovery = new LogRecovery(log.Context, log.Directory, log.Options, cleanShutdown: false);
            recovery.Run();
            log.Waiters.CutTo(recovery.LogEndOffset,
                new LogOfflineException($"Partition {log.Id} was cut to offset {recovery.LogEndOffset}."));
            log.Adopt(recovery);
        }
        catch (StorageException e)
        {
            log.Context.Fence.Trip(e);
            throw;
        }
    }

    public bool TryTakeSealable([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out RolledSegment? rolled)
    {
        lock (log.AppendLock)
        {
            rolled = log.ClosedBecause is not null || log.Context.Fence.IsTripped || log.State.Damage.Length > 0 ? null
                : log.Rolled.Find(static r => r.IsSynced);
            return rolled is not null;
        }
    }
}
