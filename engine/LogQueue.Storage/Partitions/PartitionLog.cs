using LogQueue.Records;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// The log of one partition: validated, stamped, written with one positioned write, indexed, published; synced by the commit log; sealed
/// and retained in the background. Locks, in this order: commit, seal, append. Thread-safe.
/// </summary>
internal sealed class PartitionLog : IDisposable
{
    private readonly PartitionLogContext _context;
    private readonly Lock _commitLock = new();
    private readonly Lock _sealLock = new();
    private readonly Lock _appendLock = new();
    private readonly LogOffsets _offsets = new();
    private readonly DurableWaiters _waiters = new();
    private readonly List<RolledSegment> _rolled = [];
    private LogState _state = null!;
    private LogAppender _appender = null!;
    private LogCheckpointer _checkpointer = null!;
    private LogCommitter _committer = null!;
    private LogOptions _options;
    private string? _closedBecause;
    private bool _isDeleted;
    private int _commitQueued;

    private PartitionLog(PartitionLogContext context, string directory, TopicPartition id, LogOptions options, Guid topicId, LogRecovery recovered)
    {
        _context = context;
        Directory = directory;
        Id = id;
        TopicId = topicId;
        _options = options;
        Adopt(recovered);
    }

    /// <summary>Raised after the high watermark or the last stable offset advanced; never under a lock. Set it once, after opening.</summary>
    public Action? HighWatermarkAdvanced { get; set; }

    public TopicPartition Id { get; }

    public string Directory { get; }

    /// <summary>The topic's id from <c>partition.metadata</c>; empty when there is none.</summary>
    public Guid TopicId { get; }

    public int LeaderEpoch => _state.LeaderEpoch;

    public LogOptions Options => Volatile.Read(ref _options);

    public long LogStartOffset => _offsets.LogStart;

    public long LogEndOffset => _offsets.LogEnd;

    public long HighWatermark => _offsets.HighWatermark;

    public long LastStableOffset => _offsets.LastStable;

    /// <summary>Everything below it is durable.</summary>
    public long RecoveryPoint => _waiters.DurableEnd;

    public long SizeBytes
    {
        get
        {
            long sum = 0;
            foreach (LogSegment segment in _state.Segments.Snapshot)
            {
                sum += segment.SizeBytes;
            }

            return sum;
        }
    }

    public int SegmentCount => _state.Segments.Count;

    /// <summary>What opening found and did.</summary>
    public RecoveryReport Recovery => _state.Report;

    /// <summary>Tells the commit loop whether the log waits in its list already.</summary>
    internal ref int CommitQueued => ref _commitQueued;

    /// <summary>
    /// Opens or creates the log of a partition directory (created, and its parent synced, when missing).
    /// Damage is reported, not thrown; <see cref="StorageException"/> when the disk fails.
    /// </summary>
    public static PartitionLog Open(
        PartitionLogContext context, string directory, TopicPartition id, LogOptions options, bool cleanShutdown, Guid topicId = default)
    {
        var recovery = new LogRecovery(context, directory, options, cleanShutdown);
        recovery.Run();
        Guid? known = PartitionMetadataFile.TryLoad(context.Device, directory);
        if (known is null && topicId != Guid.Empty)
        {
            PartitionMetadataFile.Save(context.Device, directory, topicId);
        }

        return new PartitionLog(context, directory, id, options, known ?? topicId, recovery);
    }

    /// <summary>Changes the settings; later appends and rolls follow them.</summary>
    public void Reconfigure(LogOptions options) => Volatile.Write(ref _options, options);

    /// <summary>
    /// Appends batches that lie back to back: validates them outside the lock, stamps offsets and leader epoch in place, writes once.
    /// Does not wait for durability. Never throws for what a client or the disk did wrong.
    /// </summary>
    public AppendResult Append(Span<byte> batches, AppendOrigin origin)
    {
        LogOptions options = Options;
        long nowMs = NowMs;
        if (BatchRules.Check(batches, origin, options, nowMs, LogStartOffset) is { } refused)
        {
            return refused;
        }

        AppendResult result;
        lock (_appendLock)
        {
            result = AppendLocked(batches, origin, options, nowMs);
        }

        if (result.Status != AppendStatus.Appended)
        {
            return result;
        }

        _context.CommitLog.Written(this, batches.Length);
        if (result.NextOffset - RecoveryPoint >= options.FlushMessages)
        {
            _context.CommitLog.Demand(this);
        }

        if (!_context.PublishDurableOnly)
        {
            HighWatermarkAdvanced?.Invoke();
        }

        return result;
    }

    /// <summary>Completes when everything below the offset is durable. Throws <see cref="LogOfflineException"/> when that can no longer be.</summary>
    public ValueTask WaitUntilDurableAsync(long endOffset, CancellationToken cancellationToken)
    {
        if (_waiters.Wait(endOffset, cancellationToken) is not { } wait)
        {
            return default;
        }

        _context.CommitLog.Demand(this);
        return wait;
    }

    /// <summary>A reader waits at the end: commit what is written as soon as possible.</summary>
    public void RequestCommit()
    {
        if (RecoveryPoint < LogEndOffset)
        {
            _context.CommitLog.Demand(this);
        }
    }

    /// <summary>Reads whole batches from the one that holds the offset.</summary>
    public ReadResult Read(long offset, int maxBytes, ReadIsolation isolation, bool atLeastOneBatch)
    {
        if (Volatile.Read(ref _closedBecause) is not null)
        {
            return new ReadResult { Status = ReadStatus.Offline, HighWatermark = HighWatermark, LastStableOffset = LastStableOffset, LogStartOffset = LogStartOffset };
        }

        return _state.Reader.Read(offset, maxBytes, isolation, atLeastOneBatch);
    }

    /// <summary>The first record at or after a time, below the high watermark; null when there is none.</summary>
    public TimestampOffset? FindOffset(long timestampMs) => _state.Reader.FindOffset(timestampMs);

    /// <summary>The record with the largest timestamp; null when the log is empty.</summary>
    public TimestampOffset? FindMaxTimestamp() => _state.Reader.FindMaxTimestamp();

    /// <summary>Where a leader epoch ends; -1, -1 when unknown.</summary>
    public EpochEndOffset FindEpochEnd(int leaderEpoch) => _state.Epochs.FindEnd(leaderEpoch, LogEndOffset);

    /// <summary>Starts a new segment, if the active one has records.</summary>
    public void Roll()
    {
        lock (_appendLock)
        {
            ThrowIfClosed();
            _appender.RollLocked(NowMs);
        }

        _context.CommitLog.Written(this, 0);
    }

    /// <summary>Moves the log start (DeleteRecords); durable when it returns. Whole segments below it go.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The offset is above the high watermark.</exception>
    public void AdvanceLogStart(long offset)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, HighWatermark);
        lock (_commitLock)
        {
            ThrowIfClosed();
            if (offset > LogStartOffset)
            {
                CommitUnderLock();
                ThrowIfFenced();
                MoveLogStart(offset);
            }
        }
    }

    /// <summary>Deletes what retention no longer keeps; returns the number of segments removed.</summary>
    public int Retain(DateTimeOffset now)
    {
        lock (_commitLock)
        {
            if (Volatile.Read(ref _closedBecause) is not null || _context.Fence.IsTripped || _state.Damage.Length > 0)
            {
                return 0;
            }

            long start;
            lock (_appendLock)
            {
                LogOptions options = Options;
                if (RetentionRules.IsExpired(_state.Segments.Active, options, now) && _state.Segments.Active.NextOffset <= _offsets.HighWatermark)
                {
                    TryRollLocked();
                }

                start = RetentionRules.FindLogStart(_state.Segments.Snapshot, options, now, _offsets.LogStart, _offsets.HighWatermark);
            }

            if (start == LogStartOffset && (_state.Segments.Count < 2 || _state.Segments.Snapshot[1].BaseOffset > start))
            {
                return 0;
            }

            CommitUnderLock();
            return _context.Fence.IsTripped ? 0 : MoveLogStart(Math.Max(start, LogStartOffset));
        }
    }

    /// <summary>Cuts the log to an offset: batches that hold it or follow it go, durably.</summary>
    public void TruncateTo(long offset)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(offset, LogStartOffset);
        lock (_commitLock)
        {
            lock (_sealLock)
            {
                ThrowIfClosed();
                CommitUnderLock();
                ThrowIfFenced();
                lock (_appendLock)
                {
                    if (offset < LogEndOffset)
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
        lock (_commitLock)
        {
            if (Volatile.Read(ref _closedBecause) is not null || _context.Fence.IsTripped)
            {
                return;
            }

            lock (_appendLock)
            {
                _state.Producers.Expire(now.ToUnixTimeMilliseconds(), Options.ProducerExpirationMs);
            }

            if (_checkpointer.IsDue(1))
            {
                try
                {
                    _committer.SaveCheckpoint();
                }
                catch (StorageException e) when (e.Error != StorageError.NoSpace)
                {
                    _context.Fence.Trip(e);
                }
                catch (StorageException)
                {
                    // A full disk: the older checkpoint only makes the next recovery longer.
                }
            }
        }

        SealRolled();
    }

    /// <summary>Closes and deletes all files once the last reader is done; the caller has made the topic's removal durable.</summary>
    public void Delete()
    {
        lock (_commitLock)
        {
            lock (_sealLock)
            {
                lock (_appendLock)
                {
                    _isDeleted = true;
                    Volatile.Write(ref _closedBecause, "the partition was deleted");
                }

                _waiters.Fail(new LogOfflineException($"Partition {Id} was deleted."));
                new PartitionRemoval(_context.Device, Directory).Run(_state.Segments);
                _rolled.Clear();
            }
        }
    }

    /// <summary>Syncs, trims, checkpoints and closes.</summary>
    public Task CloseAsync() => Task.Run(Close);

    /// <summary>Closes the files without syncing (a crash, as far as the disk can tell).</summary>
    public void Dispose()
    {
        lock (_commitLock)
        {
            lock (_sealLock)
            {
                lock (_appendLock)
                {
                    if (_closedBecause is null)
                    {
                        CloseFilesLocked();
                    }
                }
            }
        }
    }

    /// <summary>Makes everything written so far durable and publishes it. Called by the commit log; one at a time per log.</summary>
    internal void Commit()
    {
        bool advanced;
        lock (_commitLock)
        {
            advanced = CommitUnderLock();
        }

        if (advanced)
        {
            HighWatermarkAdvanced?.Invoke();
        }

        if (TryTakeSealable(out _))
        {
            if (_context.Background is { } background)
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
    internal void SealRolled()
    {
        lock (_sealLock)
        {
            while (TryTakeSealable(out RolledSegment? rolled))
            {
                try
                {
                    SegmentSealer.Seal(_context.Device, rolled.Segment);
                    rolled.SaveSnapshot(_context.Device);
                    lock (_appendLock)
                    {
                        _rolled.Remove(rolled);
                    }
                }
                catch (StorageException e) when (e.Error == StorageError.NoSpace && e.Operation != "fdatasync")
                {
                    return; // a seal is a cache; the next upkeep tries again
                }
                catch (StorageException e)
                {
                    _context.Fence.Trip(e);
                    return;
                }
            }
        }
    }

    private long NowMs => _context.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();

    private void Adopt(LogRecovery recovered)
    {
        _state = new LogState(recovered, _offsets);
        _appender = new LogAppender(_context, Directory, _state, _offsets, _rolled);
        _checkpointer = new LogCheckpointer(_context, Directory, recovered.Checkpoint);
        _committer = new LogCommitter(
            _context, Directory, _appendLock, _state, _appender, _offsets, _waiters, _rolled, _checkpointer);
        _offsets.Set(recovered.LogStartOffset, recovered.LogStartOffset, recovered.LogEndOffset, recovered.LogEndOffset);
        _appender.AdvanceHighWatermarkLocked(recovered.LogEndOffset);
        _waiters.Advance(recovered.LogEndOffset);
        _rolled.Clear();
        foreach (LogSegment segment in recovered.Unsealed)
        {
            _rolled.Add(new RolledSegment(segment, segment.NextOffset, []) { IsSynced = true });
        }
    }

    private AppendResult AppendLocked(Span<byte> batches, AppendOrigin origin, LogOptions options, long nowMs)
    {
        string? closed = _context.Fence.IsTripped ? _context.Fence.Offline().Message : _closedBecause;
        if (closed is null && _state.Damage.Length > 0)
        {
            closed = $"Partition {Id} is damaged ({_state.Damage[0].What}) and takes no appends until it is repaired.";
        }

        if (closed is not null)
        {
            return AppendResult.Refused(_isDeleted ? AppendStatus.Deleted : AppendStatus.Offline, LogStartOffset, closed);
        }

        try
        {
            return _appender.AppendLocked(batches, origin, options, nowMs);
        }
        catch (StorageException e) when (e.Error == StorageError.NoSpace)
        {
            return AppendResult.Refused(AppendStatus.DiskFull, LogStartOffset, e.Message);
        }
        catch (StorageException e)
        {
            _context.Fence.Trip(e);
            return AppendResult.Refused(AppendStatus.Offline, LogStartOffset, e.Message);
        }
    }

    private bool CommitUnderLock()
    {
        if (!_context.Fence.IsTripped && _closedBecause is null)
        {
            try
            {
                return _committer.CommitLocked();
            }
            catch (StorageException e)
            {
                _context.Fence.Trip(e); // final: nothing is synced in this directory any more
            }
        }

        _waiters.Fail(_context.Fence.IsTripped ? _context.Fence.Offline() : new LogOfflineException($"Partition {Id}: {_closedBecause}."));
        return false;
    }

    private void TryRollLocked()
    {
        try
        {
            _appender.RollLocked(NowMs);
        }
        catch (StorageException e) when (e.Error == StorageError.NoSpace)
        {
            // No room for a new segment: the active one stays until there is.
        }
        catch (StorageException e)
        {
            _context.Fence.Trip(e);
        }
    }

    private int MoveLogStart(long offset)
    {
        LogSegment[] removed;
        lock (_sealLock)
        {
            lock (_appendLock)
            {
                _offsets.Set(offset, Math.Max(offset, _offsets.LastStable), _offsets.HighWatermark, _offsets.LogEnd);
            }

            try
            {
                _committer.SaveCheckpoint(); // first: a start that a crash takes back would show deleted offsets as damage
            }
            catch (StorageException e)
            {
                _context.Fence.Trip(e);
                return 0;
            }

            lock (_appendLock)
            {
                int count = 0;
                ReadOnlySpan<LogSegment> all = _state.Segments.Snapshot;
                while (count < all.Length - 1 && all[count + 1].BaseOffset <= offset)
                {
                    count++;
                }

                removed = _state.Segments.TakeFirst(count);
                _rolled.RemoveAll(r => Array.IndexOf(removed, r.Segment) >= 0);
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
            LogTruncation.Run(_context, Directory, _state.Segments, _checkpointer, offset, LogStartOffset);
            var recovery = new LogRecovery(_context, Directory, Options, cleanShutdown: false);
            recovery.Run();
            _waiters.CutTo(recovery.LogEndOffset, new LogOfflineException($"Partition {Id} was cut to offset {recovery.LogEndOffset}."));
            Adopt(recovery);
        }
        catch (StorageException e)
        {
            _context.Fence.Trip(e);
            throw;
        }
    }

    private void Close()
    {
        lock (_commitLock)
        {
            _ = CommitUnderLock();
            SealRolled();
            lock (_sealLock)
            {
                lock (_appendLock)
                {
                    if (_closedBecause is not null)
                    {
                        return;
                    }

                    if (!_context.Fence.IsTripped)
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
            LogSegment active = _state.Segments.Active;
            if (_state.Damage.Length == 0)
            {
                active.Trim();
                active.FlushIndexes(sync: false);
                active.DataSync();
                _committer.SaveCheckpoint();
            }
        }
        catch (StorageException e) when (e.Error != StorageError.NoSpace)
        {
            _context.Fence.Trip(e);
        }
        catch (StorageException)
        {
            // A full disk: what is missing are caches, and the next open scans from the older checkpoint.
        }
    }

    private void CloseFilesLocked()
    {
        Volatile.Write(ref _closedBecause, "the log is closed");
        _waiters.Fail(new LogOfflineException($"Partition {Id} is closed."));
        foreach (LogSegment segment in _state.Segments.Snapshot)
        {
            segment.Close();
        }
    }

    private bool TryTakeSealable([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out RolledSegment? rolled)
    {
        lock (_appendLock)
        {
            rolled = _closedBecause is not null || _context.Fence.IsTripped || _state.Damage.Length > 0 ? null : _rolled.Find(static r => r.IsSynced);
            return rolled is not null;
        }
    }

    private void ThrowIfFenced()
    {
        if (_context.Fence.IsTripped)
        {
            throw _context.Fence.Offline();
        }
    }

    private void ThrowIfClosed()
    {
        if (Volatile.Read(ref _closedBecause) is { } reason)
        {
            throw new LogOfflineException($"Partition {Id}: {reason}.");
        }
    }
}
