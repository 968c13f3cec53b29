using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>How a log ends: closed in order, dropped as by a crash, or deleted. Thread-safe.</summary>
internal sealed class LogClosing(LogSession log, LogUpkeep upkeep)
{
    /// <summary>Syncs, trims, checkpoints and closes.</summary>
    public void Close()
    {
        lock (log.CommitLock)
        {
            _ = log.CommitUnderLock();
            upkeep.SealRolled();
            lock (log.SealLock)
            {
                lock (log.AppendLock)
                {
                    if (log.ClosedBecause is not null)
                    {
                        return;
                    }

                    if (!log.Context.Fence.IsTripped)
                    {
                        SaveAllLocked();
                    }

                    CloseFilesLocked();
                }
            }
        }
    }

    private void SaveAllLocked()
    {
        try
        {
            LogSegment active = log.State.Segments.Active;
            if (log.State.Damage.Length == 0)
            {
                active.Trim();
                active.FlushIndexes(sync: false);
                active.DataSync();
                log.Committer.SaveCheckpoint(isClosing: true);
            }
        }
        catch (StorageException e) when (FenceRule.IsFinal(e))
        {
            log.Context.Fence.Trip(e);
        }
        catch (StorageException)
        {
            // A full disk: what is missing are caches, and the next open scans from the older checkpoint.
        }
    }

    private void CloseFilesLocked()
    {
        log.ClosedBecause = "the log is closed";
        log.Waiters.Fail(new LogOfflineException($"Partition {log.Id} is closed."));
        foreach (LogSegment segment in log.State.Segments.Snapshot)
        {
            segment.Close();
        }
    }

    /// <summary>Closes the files without syncing (a crash, as far as the disk can tell).</summary>
    public void Drop()
    {
        lock (log.CommitLock)
        {
            lock (log.SealLock)
            {
                lock (log.AppendLock)
                {
                    if (log.ClosedBecause is null)
                    {
                        CloseFilesLocked();
                    }
                }
            }
        }
    }

    /// <summary>Closes and deletes all files once the last reader is done; the caller has made the topic's removal durable.</summary>
    public void Delete()
    {
        lock (log.CommitLock)
        {
            lock (log.SealLock)
            {
                lock (log.AppendLock)
                {
                    log.IsDeleted = true;
                    log.ClosedBecause = "the partition was deleted";
                }

                log.Waiters.Fail(new LogOfflineException($"Partition {log.Id} was deleted."));
                ForgetLocked();
                new PartitionRemoval(log.Context, log.Directory).Run(log.State.Segments);
                log.Rolled.Clear();
            }
        }
    }

    private void ForgetLocked()
    {
        try
        {
            log.Context.CommitLog.Forget(log.Directory);
        }
        catch (StorageException e)
        {
            log.Context.Fence.Trip(e); // a topic of the same name could otherwise get this one's records after a power cut
        }
    }
}
