using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>Syncs what a log wrote, publishes the durable end, and keeps the checkpoint. Guarded by the log's commit lock.</summary>
internal sealed class LogCommitter(
    PartitionLogContext context, string directory, Lock appendLock, LogState state, LogAppender appender, LogOffsets offsets,
    DurableWaiters waiters, List<RolledSegment> rolled, LogCheckpointer checkpointer)
{
    /// <summary>Synced bytes after which a checkpoint is written: what an unclean open has to scan.</summary>
    private const long CheckpointBytes = 16 << 20;

    /// <summary>
    /// Syncs everything written so far and publishes it. True when readers can see more. Throws StorageException: fence if it is final.
    /// </summary>
    public bool CommitLocked()
    {
        long end;
        long size;
        LogSegment active;
        RolledSegment[] older;
        lock (appendLock)
        {
            end = offsets.LogEnd;
            active = state.Segments.Active;
            size = active.SizeBytes;
            older = rolled.Count == 0 ? [] : [.. rolled];
        }

        if (end == waiters.DurableEnd && !active.NeedsDirectorySync)
        {
            return false;
        }

        if (PlantedBugs.IsOn(PlantedBug.AckBeforeSync))
        {
            waiters.Advance(end);
        }

        bool hasRolled = Sync(older, active);
        return PublishLocked(end, active.BaseOffset, size, hasRolled);
    }

    /// <summary>
    /// What is not durable yet, if it lies in the active segment only and has at most <paramref name="mostBytes"/>; its lease is the caller's.
    /// False: <see cref="CommitLocked"/> is the way.
    /// </summary>
    public bool TryPrepareLocked(PartitionLog log, int cutCount, int mostBytes, out PendingCommit pending)
    {
        lock (appendLock)
        {
            long end = offsets.LogEnd;
            LogSegment active = state.Segments.Active;
            if (end != waiters.DurableEnd && !active.NeedsDirectorySync && !rolled.Exists(static r => !r.IsSynced)
                && checkpointer.TryGetPosition(active.BaseOffset, out long position)
                && active.SizeBytes - position <= mostBytes
                && active.IsUnsynced // else its file may be closed, and there is nothing to sync
                && active.Log.TryAcquire())
            {
                pending = new PendingCommit(log, cutCount, active, position, (int)(active.SizeBytes - position), end);
                return true;
            }
        }

        pending = default;
        return false;
    }

    /// <summary>Publishes what the journal made durable. True when readers can see more.</summary>
    public bool CompleteLocked(in PendingCommit pending) =>
        pending.EndOffset > waiters.DurableEnd
        && PublishLocked(pending.EndOffset, pending.Segment.BaseOffset, pending.EndPosition, hasRolled: false);

    /// <summary>Saves the producer state, then the checkpoint from which recovery starts.</summary>
    public void SaveCheckpoint(bool isClosing = false)
    {
        byte[]? snapshot = null;
        long offset;
        LogSegment active;
        LogSegment[] unsealed;
        lock (appendLock)
        {
            offset = offsets.LogEnd;
            active = state.Segments.Active;
            unsealed = [.. rolled.Select(static r => r.Segment), active];
            if (state.Producers.Count > 0)
            {
                snapshot = ProducerSnapshot.ToBytes(state.Producers);
            }
        }

        if (snapshot is not null)
        {
            foreach (LogSegment segment in unsealed)
            {
                if (segment.TransactionIndex.IsDirty)
                {
                    segment.TransactionIndex.Save(sync: true); // a replay from the snapshot does not meet its markers again
                }
            }

            TrySaveSnapshot(offset, snapshot);
        }

        checkpointer.Save(offsets.LogStart, isClosing ? active.FingerprintIndexes(context.Device) : null);
    }

    /// <summary>
    /// Without room for it the older snapshot stays, and the next recovery replays more. The checkpoint itself needs no room.
    /// </summary>
    private void TrySaveSnapshot(long offset, byte[] snapshot)
    {
        try
        {
            checkpointer.SaveSnapshot(offset, snapshot, state.Segments.Snapshot);
        }
        catch (StorageException e) when (!FenceRule.IsFinal(e))
        {
            // See above.
        }
    }

    private void TrySaveCheckpoint()
    {
        try
        {
            SaveCheckpoint();
        }
        catch (StorageException e) when (!FenceRule.IsFinal(e))
        {
            // A full disk, or no file handle: the older checkpoint only makes the next recovery longer.
        }
    }

    private bool PublishLocked(long end, long segmentBase, long position, bool hasRolled)
    {
        checkpointer.Synced(end, segmentBase, position);
        bool moved = false;
        if (context.PublishDurableOnly)
        {
            lock (appendLock)
            {
                moved = appender.AdvanceHighWatermarkLocked(end);
            }
        }

        waiters.Advance(end);
        if (hasRolled || checkpointer.IsDue(CheckpointBytes))
        {
            TrySaveCheckpoint();
        }

        return moved;
    }

    private bool Sync(RolledSegment[] older, LogSegment active)
    {
        bool hasRolled = false;
        bool hasNewNames = active.NeedsDirectorySync;
        foreach (RolledSegment segment in older)
        {
            if (!segment.IsSynced)
            {
                segment.Segment.DataSync();
                hasNewNames |= segment.Segment.NeedsDirectorySync;
                hasRolled = true;
            }
        }

        if (!PlantedBugs.IsOn(PlantedBug.SkipDataSync))
        {
            active.DataSync();
        }

        if (hasNewNames && !PlantedBugs.IsOn(PlantedBug.ForgetDirectorySync))
        {
            context.Device.SyncDirectory(directory);
            active.NeedsDirectorySync = false;
        }

        foreach (RolledSegment segment in older)
        {
            segment.Segment.NeedsDirectorySync = false;
            segment.IsSynced = true;
        }

        return hasRolled;
    }
}
