using LogQueue.Records;
using LogQueue.Storage.Compaction;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// The log of one partition: validated, stamped, written with one positioned write, indexed, published; synced by the commit log; sealed
/// and retained in the background. Thread-safe.
/// </summary>
internal sealed class PartitionLog : IDisposable
{
    private readonly LogSession _session;
    private readonly LogUpkeep _upkeep;
    private readonly LogClosing _closing;
    private readonly LogCleaning _cleaning;
    private int _commitQueued;

    private PartitionLog(LogSession session, Guid topicId)
    {
        _session = session;
        session.CommitAgain = () => session.Context.CommitLog.Written(this, 0);
        _upkeep = new LogUpkeep(session);
        _closing = new LogClosing(session, _upkeep);
        _cleaning = new LogCleaning(session);
        TopicId = topicId;
    }

    /// <summary>
    /// Raised after the high watermark or the last stable offset advanced; never under a lock. Set it once, after opening.
    /// </summary>
    public Action? HighWatermarkAdvanced { get; set; }

    public TopicPartition Id => _session.Id;

    public string Directory => _session.Directory;

    /// <summary>The topic's id from <c>partition.metadata</c>; empty when there is none.</summary>
    public Guid TopicId { get; }

    public int LeaderEpoch => _session.State.LeaderEpoch;

    public LogOptions Options => _session.Options;

    public long LogStartOffset => _session.Offsets.LogStart;

    public long LogEndOffset => _session.Offsets.LogEnd;

    public long HighWatermark => _session.Offsets.HighWatermark;

    public long LastStableOffset => _session.Offsets.LastStable;

    /// <summary>Everything below it is durable.</summary>
    public long RecoveryPoint => _session.Waiters.DurableEnd;

    public long SizeBytes => _session.State.SizeBytes;

    public int SegmentCount => _session.State.Segments.Count;

    /// <summary>True while there is damage that waits for repair.</summary>
    public bool IsDamaged => _session.State.Damage.Length > 0;

    /// <summary>What opening found and did.</summary>
    public RecoveryReport Recovery => _session.State.Report;

    /// <summary>What the log is now, or was when it was closed.</summary>
    public LogSummary Summarize()
    {
        LogSegment active = _session.State.Segments.Active;
        bool isWhole = _session.State.Damage.Length == 0 && RecoveryPoint == LogEndOffset;
        return new LogSummary(TopicId, LogStartOffset, LastStableOffset, LogEndOffset, LeaderEpoch, active.BaseOffset,
            isWhole ? active.SizeBytes : -1, SizeBytes, _session.State.Segments.Snapshot[0].MaxTimestampMs);
    }

    /// <summary>Tells the commit loop whether the log waits in its list already.</summary>
    internal ref int CommitQueued => ref _commitQueued;

    /// <summary>
    /// Opens or creates the log of a partition directory (created, and its parent synced, when missing).
    /// Damage is reported, not thrown; <see cref="StorageException"/> when the disk fails.
    /// </summary>
    public static PartitionLog Open(
        PartitionLogContext context, string directory, TopicPartition id, LogOptions options, bool cleanShutdown, Guid topicId = default)
    {
        bool isNew = LogRecovery.CreateDirectory(context.Device, directory);
        Guid? known = isNew ? null : PartitionMetadataFile.TryLoad(context.Device, directory);
        if (known is { } other && topicId != Guid.Empty && other != topicId
            && !PartitionMetadataFile.TryHeal(context.Device, directory, other, topicId))
        {
            // Left of a topic whose removal failed half way. Adopted, its records would be taken for ours, and ours deleted at the next
            // start.
            throw new StorageException(StorageError.Exists, "open", directory,
                $"it belongs to topic id {other} and not to {topicId}: the next start clears it away");
        }

        var recovery = new LogRecovery(context, directory, options, cleanShutdown, isNew);
        try
        {
            if (known is null && topicId != Guid.Empty)
            {
                PartitionMetadataFile.Save(context.Device, directory, topicId, syncsDirectory: !isNew);
            }

            recovery.Run();
            return new PartitionLog(
                new LogSession(context, directory, id, options, recovery), topicId == Guid.Empty ? known ?? default : topicId);
        }
        catch
        {
            foreach (LogSegment segment in recovery.Segments.Snapshot)
            {
                segment.Close();
            }

            throw;
        }
    }

    /// <summary>Changes the settings; later appends and rolls follow them.</summary>
    public void Reconfigure(LogOptions options) => _session.Options = options;

    /// <summary>
    /// Appends batches that lie back to back: validates them outside the lock, stamps offsets and leader epoch in place, writes once.
    /// Does not wait for durability. Never throws for what a client or the disk did wrong.
    /// </summary>
    public AppendResult Append(Span<byte> batches, AppendOrigin origin)
    {
        LogOptions options = Options;
        long nowMs = _session.NowMs;
        if (BatchRules.Check(batches, origin, options, nowMs, LogStartOffset) is { } refused)
        {
            return refused;
        }

        AppendResult result;
        lock (_session.AppendLock)
        {
            result = AppendLocked(batches, origin, options, nowMs);
        }

        if (result.Status != AppendStatus.Appended)
        {
            return result;
        }

        _session.Context.CommitLog.Written(this, batches.Length);
        if (result.NextOffset - RecoveryPoint >= options.FlushMessages)
        {
            _session.Context.CommitLog.Demand(this);
        }

        if (!_session.Context.PublishDurableOnly)
        {
            HighWatermarkAdvanced?.Invoke();
        }

        return result;
    }

    /// <summary>
    /// Completes when everything below the offset is durable. Throws <see cref="LogOfflineException"/> when that can no longer be, and
    /// <see cref="SyncTimeoutException"/> when it takes too long.
    /// </summary>
    public ValueTask WaitUntilDurableAsync(long endOffset, CancellationToken cancellationToken)
    {
        if (RecoveryPoint >= endOffset)
        {
            return default;
        }

        _session.Context.CommitLog.Demand(this); // before waiting: a round that ends in between is seen by the waiter
        return _session.Waiters.WaitAsync(endOffset, cancellationToken);
    }

    /// <summary>
    /// Returns when everything below the offset is durable. The calling thread syncs by itself: that saves two hand-overs between threads,
    /// and of threads that come together one syncs for all. Throws as <see cref="WaitUntilDurableAsync"/> does.
    /// </summary>
    public void WaitUntilDurable(long endOffset)
    {
        if (RecoveryPoint >= endOffset)
        {
            return;
        }

        Commit();
        if (RecoveryPoint < endOffset)
        {
            _session.ThrowIfNotCommitted();
            throw new LogOfflineException($"Partition {Id} ends at offset {LogEndOffset}: it was cut below {endOffset}.");
        }
    }

    /// <summary>A reader waits at the end: commit what is written as soon as possible.</summary>
    public void RequestCommit()
    {
        if (RecoveryPoint < LogEndOffset)
        {
            _session.Context.CommitLog.Demand(this);
        }
    }

    /// <summary>Reads whole batches from the one that holds the offset.</summary>
    public ReadResult Read(long offset, int maxBytes, ReadIsolation isolation, bool atLeastOneBatch)
    {
        if (_session.ClosedBecause is not null)
        {
            return new ReadResult { Status = ReadStatus.Offline, HighWatermark = HighWatermark, LastStableOffset = LastStableOffset,
                LogStartOffset = LogStartOffset };
        }

        return _session.State.Reader.Read(offset, maxBytes, isolation, atLeastOneBatch);
    }

    /// <summary>The first record at or after a time, below the high watermark; null when there is none.</summary>
    public TimestampOffset? FindOffset(long timestampMs) => _session.State.Reader.FindOffset(timestampMs);

    /// <summary>The record with the largest timestamp; null when the log is empty.</summary>
    public TimestampOffset? FindMaxTimestamp() => _session.State.Reader.FindMaxTimestamp();

    /// <summary>Where a leader epoch ends; -1, -1 when unknown.</summary>
    public EpochEndOffset FindEpochEnd(int leaderEpoch) => _session.State.Epochs.FindEnd(leaderEpoch, LogEndOffset);

    /// <summary>Starts a new segment, if the active one has records.</summary>
    public void Roll()
    {
        lock (_session.AppendLock)
        {
            _session.ThrowIfClosed();
            _session.Appender.RollLocked(_session.NowMs);
        }

        _session.Context.CommitLog.Written(this, 0);
    }

    /// <summary>Syncs, trims, checkpoints and closes.</summary>
    public Task CloseAsync() => Task.Run(_closing.Close);

    /// <summary>Closes the files without syncing (a crash, as far as the disk can tell).</summary>
    public void Dispose() => _closing.Drop();

    /// <summary>Closes and deletes all files once the last reader is done; the caller has made the topic's removal durable.</summary>
    public void Delete() => _cleaning.Without(_closing.Delete);

    /// <summary>Moves the log start (DeleteRecords); durable when it returns. Whole segments below it go.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The offset is above the high watermark.</exception>
    /// <exception cref="LogOfflineException">The directory is fenced, or the log is closed.</exception>
    public void AdvanceLogStart(long offset)
    {
        long before = HighWatermark;
        _upkeep.AdvanceLogStart(offset);
        TellIfAdvanced(before);
    }

    /// <summary>Deletes what retention no longer keeps; returns the number of segments removed.</summary>
    public int Retain(DateTimeOffset now)
    {
        long before = HighWatermark;
        int removed = _upkeep.Retain(now);
        TellIfAdvanced(before);
        return removed;
    }

    /// <summary>What there is to clean; null when the log is not compacted, or cannot be cleaned now.</summary>
    public CleanPlan? PlanCleaning(DateTimeOffset now) => _cleaning.Plan(now);

    /// <summary>Cleans all that is cleanable now. See <see cref="LogCleaning.Clean"/> for what it throws.</summary>
    public CleanResult Clean(KeyOffsetMap map, CleanThrottle throttle, Random seeds, CancellationToken cancellationToken) =>
        _cleaning.Clean(map, throttle, seeds, cancellationToken);

    /// <summary>Cuts the log to an offset, durably: what holds or follows it goes. A running pass gives up; readers may fail.</summary>
    public void TruncateTo(long offset) => _cleaning.Without(() => _upkeep.TruncateTo(offset));

    /// <summary>What is damaged now, in words; empty when nothing is.</summary>
    public IReadOnlyList<DamagedRange> Damage => _session.State.Damage;

    /// <summary>A check of the files at rest, step by step.</summary>
    public LogScrub Scrub() => new(_session);

    /// <summary>Synced bytes that no checkpoint covers yet.</summary>
    public long BytesSinceCheckpoint => _session.Checkpointer.BytesSince;

    /// <summary>Saves the checkpoint if anything was synced since the last one, unless a commit runs: nobody waits for it.</summary>
    public void TryCheckpoint() => _upkeep.TryCheckpoint();

    /// <summary>Periodic upkeep: checkpoint, producer expiry, sealing that was put off.</summary>
    public void Maintain(DateTimeOffset now) => _upkeep.Maintain(now);

    /// <summary>Makes everything written so far durable and publishes it. Called by the commit log; one at a time per log.</summary>
    internal void Commit()
    {
        bool advanced;
        lock (_session.CommitLock)
        {
            advanced = _session.CommitUnderLock();
        }

        if (advanced)
        {
            HighWatermarkAdvanced?.Invoke();
        }

        _upkeep.SealSoon();
    }

    /// <summary>
    /// First half of a commit through the journal: what is not durable yet, if it is small and plain. The caller completes or releases it.
    /// </summary>
    internal bool TryPrepareCommit(int mostBytes, out PendingCommit pending)
    {
        lock (_session.CommitLock)
        {
            if (_session.Context.Fence.IsTripped || _session.ClosedBecause is not null)
            {
                pending = default;
                return false;
            }

            return _session.Committer.TryPrepareLocked(this, _session.CutCount, mostBytes, out pending);
        }
    }

    /// <summary>
    /// Called at an interval while a sync runs: who has waited for more than <paramref name="mostTicks"/> of them is given up, if this log's
    /// waits end at all.
    /// </summary>
    internal void TickWaiters(int mostTicks)
    {
        if (_session.Context.WaitsEnd)
        {
            _session.Waiters.Tick(mostTicks, () => new SyncTimeoutException($"Partition {Id}: the disk has not finished a sync for too long. "
                + "Whether the records will be durable is open: they are written, and may be once it does."));
        }
    }

    /// <summary>True while the prepared bytes are still those of the file.</summary>
    internal bool IsCurrent(in PendingCommit pending) => _session.IsCurrent(pending);

    /// <summary>Second half: the journal holds the bytes durably, or the fence has tripped.</summary>
    internal void CompleteCommit(in PendingCommit pending)
    {
        bool advanced;
        lock (_session.CommitLock)
        {
            advanced = _session.CompleteUnderLock(pending);
        }

        if (advanced)
        {
            HighWatermarkAdvanced?.Invoke();
        }
    }

    private void TellIfAdvanced(long highWatermarkBefore)
    {
        if (HighWatermark > highWatermarkBefore)
        {
            HighWatermarkAdvanced?.Invoke();
        }
    }

    private AppendResult AppendLocked(Span<byte> batches, AppendOrigin origin, LogOptions options, long nowMs)
    {
        string? closed = _session.Context.Fence.IsTripped ? _session.Context.Fence.Offline().Message : _session.ClosedBecause;
        if (closed is null && _session.State.Damage.Length > 0)
        {
            closed = $"Partition {Id} is damaged ({_session.State.Damage[0]}) and takes no appends until it is repaired: stop the broker, "
                + $"then `logqueue log repair {Path.GetDirectoryName(Directory)} --partition {Path.GetFileName(Directory)}` shows what is lost.";
        }

        if (closed is not null)
        {
            return AppendResult.Refused(_session.IsDeleted ? AppendStatus.Deleted : AppendStatus.Offline, LogStartOffset, closed);
        }

        try
        {
            return _session.Appender.AppendLocked(batches, origin, options, nowMs);
        }
        catch (StorageException e) when (!FenceRule.IsFinal(e))
        {
            AppendStatus status = e.Error is StorageError.NoSpace or StorageError.ShortWrite ? AppendStatus.DiskFull
                : AppendStatus.OutOfResources;
            return AppendResult.Refused(status, LogStartOffset, e.Message);
        }
        catch (StorageException e)
        {
            _session.Context.Fence.Trip(e);
            return AppendResult.Refused(AppendStatus.Offline, LogStartOffset, e.Message);
        }
    }
}
