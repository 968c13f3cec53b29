using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Journal;
using LogQueue.Storage.Maintenance;
using LogQueue.Storage.Partitions;

namespace LogQueue.EngineBench.Rigs;

/// <summary>Logs of one directory without an engine around them, their commit design free to choose. Not thread-safe.</summary>
internal sealed class LogRig : IDisposable
{
    /// <summary>Settings under which nothing is synced while a run lasts.</summary>
    public static CommitLoopOptions NoSync { get; } = new()
    {
        FlushBytes = int.MaxValue, FlushIntervalMs = int.MaxValue, JournalFileBytes = 0,
    };

    private readonly IDisposable _commitLog;
    private readonly CommitJournal? _journal;
    private readonly List<PartitionLog> _logs = [];

    /// <summary>Opens the rig on a fresh folder.</summary>
    public LogRig(string root, CommitLoopOptions commits, bool usesFileSystemSync = false)
    {
        Root = root;
        Directory.CreateDirectory(root);
        DiskStorageDevice device = DiskStorageDevice.Create();
        if (commits.JournalFileBytes > 0)
        {
            _journal = new CommitJournal(device, root, Fence,
                static work => ThreadPool.UnsafeQueueUserWorkItem(static w => w(), work, false), commits.JournalFileBytes);
        }

        ICommitLog commitLog;
        if (usesFileSystemSync)
        {
            var whole = new FileSystemSyncLoop(root, Fence);
            (commitLog, _commitLog) = (whole, whole);
        }
        else
        {
            var loop = new CommitLoop(commits, TimeProvider.System, Fence, _journal);
            loop.Start();
            (commitLog, _commitLog) = (loop, loop);
        }

        Context = new PartitionLogContext
        {
            Device = device,
            TimeProvider = TimeProvider.System,
            Fence = Fence,
            CommitLog = commitLog,
            FileBudget = new LeaseBudget(HandleShares.Of(ProcessLimits.RaiseOpenFiles(), ProcessLimits.MapCount(), 0).Files)
            {
                SyncFailed = Fence.Trip,
            },
            PublishDurableOnly = commits != NoSync,
        };
    }

    /// <summary>Its folder.</summary>
    public string Root { get; }

    /// <summary>Trips when a sync fails.</summary>
    public DirectoryFence Fence { get; } = new();

    /// <summary>What its logs share.</summary>
    public PartitionLogContext Context { get; }

    /// <summary>Opens a log.</summary>
    public PartitionLog Open(int partition, LogOptions? options = null)
    {
        PartitionLog log = PartitionLog.Open(Context, Path.Combine(Root, $"bench-{partition}"), new TopicPartition("bench", partition),
            options ?? new LogOptions { MaxMessageBytes = 2 << 20 }, cleanShutdown: false);
        _logs.Add(log);
        return log;
    }

    /// <summary>Appends a batch as a client sends it; throws when it is refused.</summary>
    public static long Append(PartitionLog log, byte[] batch)
    {
        batch.AsSpan(0, 8).Clear(); // a producer's base offset is 0; the last append has stamped it
        AppendResult result = log.Append(batch, AppendOrigin.Client);
        return result.Status == AppendStatus.Appended ? result.NextOffset
            : throw new InvalidOperationException($"The append was refused: {result.Status} {result.Detail}");
    }

    /// <summary>Closes as a crash would, and removes the folder.</summary>
    public void Dispose()
    {
        _logs.ForEach(static log => log.Dispose());
        _commitLog.Dispose();
        _journal?.Dispose();
        BenchFolder.Remove(Root);
    }
}
