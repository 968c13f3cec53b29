using LogQueue.Records;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// The state of an open log and its locks, shared by the parts of <see cref="PartitionLog"/>. Locks are taken in this order: commit (syncs,
/// checkpoints, cuts), seal (files of rolled segments), append (everything that readers may not see half done).
/// </summary>
internal sealed class LogSession
{
    private string? _closedBecause;
    private LogOptions _options;
    private int _cutCount;

    public LogSession(PartitionLogContext context, string directory, TopicPartition id, LogOptions options, LogRecovery recovered)
    {
        Context = context;
        Directory = directory;
        Id = id;
        _options = options;
        State = null!;
        Appender = null!;
        Checkpointer = null!;
        Committer = null!;
        Adopt(recovered);
    }

    public PartitionLogContext Context { get; }

    public string Directory { get; }

    public TopicPartition Id { get; }

    public Lock CommitLock { get; } = new();

    public Lock SealLock { get; } = new();

    public Lock AppendLock { get; } = new();

    public LogOffsets Offsets { get; } = new();

    public DurableWaiters Waiters { get; } = new();

    /// <summary>Rolled segments without a seal; under the append lock.</summary>
    public List<RolledSegment> Rolled { get; } = [];

    public LogState State { get; private set; }

    public LogAppender Appender { get; private set; }

    public LogCheckpointer Checkpointer { get; private set; }

    public LogCommitter Committer { get; private set; }

    public LogOptions Options
    {
        get => Volatile.Read(ref _options);
        set => Volatile.Write(ref _options, value);
    }

    /// <summary>Why the log is closed; null while it is open.</summary>
    public string? ClosedBecause
    {
        get => Volatile.Read(ref _closedBecause);
        set => Volatile.Write(ref _closedBecause, value);
    }

    public bool IsDeleted { get; set; }

    /// <summary>Asks for another round soon. Set once, after opening.</summary>
    public Action? CommitAgain { get; set; }

    /// <summary>
    /// Why the last commit did not end although nothing is lost: there was no file handle. The next round tries again. Null when it ended.
    /// </summary>
    public StorageException? PutOff { get; private set; }

    /// <summary>Goes up before files are cut: what was prepared for the journal before is void.</summary>
    public int CutCount
    {
        get => Volatile.Read(ref _cutCount);
        set => Volatile.Write(ref _cutCount, value);
    }

    public long NowMs => Context.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Takes over what recovery found; under all locks, or before anybody else sees the log.</summary>
    public void Adopt(LogRecovery recovered)
    {
        State = new LogState(Context, Directory, recovered, Offsets);
        Appender = new LogAppender(Context, Directory, State, Offsets, Rolled);
        Checkpointer = new LogCheckpointer(Context, Directory, recovered);
        Committer = new LogCommitter(
            Context, Directory, AppendLock, State, Appender, Offsets, Waiters, Rolled, Checkpointer);
        Offsets.Set(recovered.LogStartOffset, recovered.LogStartOffset, recovered.LogEndOffset, recovered.LogEndOffset);
        Appender.AdvanceHighWatermarkLocked(recovered.LogEndOffset);
        Waiters.Advance(recovered.LogEndOffset);
        Rolled.Clear();
        foreach (LogSegment segment in recovered.Unsealed)
        {
            Rolled.Add(new RolledSegment(segment, segment.NextOffset, []) { IsSynced = true });
        }
    }

    /// <summary>
    /// Commits under the commit lock; a failure fences the directory and fails those who wait. True when readers see more.
    /// </summary>
    public bool CommitUnderLock()
    {
        if (!Context.Fence.IsTripped && ClosedBecause is null)
        {
            try
            {
                bool advanced = Committer.CommitLocked();
                PutOff = null;
                return advanced;
            }
            catch (StorageException e) when (!FenceRule.IsFinal(e))
            {
                PutOff = e; // no sync has failed: those who wait go on waiting
                CommitAgain?.Invoke();
                return false;
            }
            catch (StorageException e)
            {
                Context.Fence.Trip(e); // final: nothing is synced in this directory any more
            }
        }

        if (Context.Fence.IsTripped && PlantedBugs.IsOn(PlantedBug.AckAfterFence))
        {
            Waiters.Advance(Offsets.LogEnd);
            return false;
        }

        Waiters.Fail(Context.Fence.IsTripped ? Context.Fence.Offline() : new LogOfflineException($"Partition {Id}: {ClosedBecause}."));
        return false;
    }

    /// <summary>Publishes what the journal made durable, or fails those who wait. True when readers see more.</summary>
    public bool CompleteUnderLock(in PendingCommit pending)
    {
        if (Context.Fence.IsTripped)
        {
            Waiters.Fail(Context.Fence.Offline());
            return false;
        }

        if (!IsCurrent(pending))
        {
            return false; // cut or closed meanwhile, and whoever waited has heard of that
        }

        try
        {
            return Committer.CompleteLocked(pending);
        }
        catch (StorageException e)
        {
            Context.Fence.Trip(e);
            Waiters.Fail(Context.Fence.Offline());
            return false;
        }
    }

    /// <summary>True while the prepared bytes are still those of the file.</summary>
    public bool IsCurrent(in PendingCommit pending) =>
        ClosedBecause is null && CutCount == pending.CutCount;

    /// <summary>For who finds that a commit has not reached its records.</summary>
    public void ThrowIfNotCommitted()
    {
        ThrowIfFenced();
        ThrowIfClosed();
        if (PutOff is { } reason)
        {
            throw new SyncTimeoutException($"Partition {Id}: the records are written, and not durable yet: {reason.Message}. It is tried again.");
        }
    }

    public void ThrowIfFenced()
    {
        if (Context.Fence.IsTripped)
        {
            throw Context.Fence.Offline();
        }
    }

    public void ThrowIfClosed()
    {
        if (ClosedBecause is { } reason)
        {
            throw new LogOfflineException($"Partition {Id}: {reason}.");
        }
    }
}
