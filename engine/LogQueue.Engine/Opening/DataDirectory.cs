using System.Globalization;
using System.Text;
using LogQueue.Engine.Diagnostics;
using LogQueue.Engine.Errors;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Journal;
using LogQueue.Storage.Maintenance;
using LogQueue.Storage.Partitions;

namespace LogQueue.Engine.Opening;

/// <summary>One locked data directory with its commit thread and everything its logs share. Thread-safe.</summary>
internal sealed class DataDirectory : PartitionHost, IDisposable
{
    private const string OwnerFile = ".logqueue_pid";

    private readonly LogEngineOptions _options;
    private readonly IDisposable _lock;
    private readonly CommitJournal _journal;
    private readonly CommitLoop _commitLoop;
    private readonly PartitionLogContext _context;
    private readonly PartitionLogContext _internalContext;
    private readonly DiskSpace _space;
    private readonly HandleBudgets _handles;
    private IReadOnlyDictionary<string, LogSummary>? _cleanLogs;
    private bool _disposed;

    private DataDirectory(LogEngineOptions options, IStorageDevice device, string path, IDisposable directoryLock)
    {
        _options = options;
        _lock = directoryLock;
        Device = device;
        FullPath = path;
        Metrics = new EngineMetrics(path);
        _space = DiskSpace.Create(device, path, options.DiskMinFreeBytes);
        _handles = new HandleBudgets(options, device, Fence);
        var commits = new CommitLoopOptions
        {
            FlushIntervalMs = options.FlushIntervalMs,
            FlushBytes = options.FlushBytes,
            WaitLimit = options.SyncWaitLimit,
            Synced = Metrics.Synced,
            SlowSync = WarnOfSlowSync,
            JournalFileBytes = options.JournalFileBytes,
        };
        _journal = new CommitJournal(device, path, Fence, RunInBackground, commits.JournalFileBytes);
        _commitLoop = new CommitLoop(commits, options.TimeProvider, Fence, _journal);
        _context = new PartitionLogContext
        {
            Device = device,
            TimeProvider = options.TimeProvider,
            Fence = Fence,
            CommitLog = _commitLoop,
            PublishDurableOnly = options.Durability == Durability.Commit,
            Background = RunInBackground,
            Space = _space,
            FileBudget = _handles.Files,
            MapBudget = _handles.Maps,
            WaitsEnd = true,
            DamageFound = Tell,
        };

        // Committed offsets and metadata may use the last of the disk, and what waits for them changes memory: it waits as long as it
        // takes.
        _internalContext = _context with { Space = null, WaitsEnd = false };
    }

    /// <summary>The disk.</summary>
    public IStorageDevice Device { get; }

    /// <summary>Absolute path.</summary>
    public string FullPath { get; }

    /// <summary>Trips at the first failed sync.</summary>
    public DirectoryFence Fence { get; } = new();

    /// <summary>What came out of the commit journal.</summary>
    public JournalReplayReport Journal { get; private set; }

    /// <summary>Open files: limits and use.</summary>
    public OpenFileLimits OpenFiles => _handles.Limits;

    /// <summary>Bytes written and not yet durable.</summary>
    public long UnsyncedBytes => _commitLoop.UnsyncedBytes;

    /// <summary>True when the last engine closed in good order.</summary>
    public bool WasClean { get; private set; }

    public override TimeProvider TimeProvider => _options.TimeProvider;

    public override EngineMetrics Metrics { get; }

    public override BuilderPool Builders { get; } = new();

    public override bool WaitsForSync => _options.Durability == Durability.Commit;

    public override bool IsDiskBehind => _commitLoop.IsBehind;

    public override bool IsDiskLow => _space.IsLow;

    public override string DiskLowReason => _space.Refusal;

    /// <summary>Creates what is missing of the path, locks the directory, takes the clean marker and starts the commit thread.</summary>
    /// <exception cref="DataDirectoryException">It is in use, or cannot be written.</exception>
    public static DataDirectory Lock(LogEngineOptions options, IStorageDevice device)
    {
        string path = Path.GetFullPath(options.DataDirectory);
        IDisposable? directoryLock = null;
        DataDirectory? directory = null;
        try
        {
            Create(device, path);
            directoryLock = device.LockDirectory(path);
            WriteOwner(device, path);
            directory = new DataDirectory(options, device, path, directoryLock);
            directory._cleanLogs = CleanShutdownMarker.Take(device, path);
            directory.WasClean = directory._cleanLogs is not null;
            directory.Journal = JournalReplay.Run(device, path);
            directory._commitLoop.Start();
            return directory;
        }
        catch (StorageException e)
        {
            directory?._handles.Dispose();
            directoryLock?.Dispose();
            string advice = e.Error switch
            {
                StorageError.Locked =>
                    $"Data directory '{path}' is in use by another engine ({Owner(device, path)}). Stop that one, or name another directory.",
                StorageError.Permission or StorageError.ReadOnly =>
                    $"Data directory '{path}' cannot be written: {e.Message} Give this user the right to write there, or name another directory.",
                _ => $"Data directory '{path}' cannot be opened: {e.Message}",
            };
            throw new DataDirectoryException(path, advice, e);
        }
    }

    /// <summary>The path of a partition's directory.</summary>
    public string PathOf(string directoryName) => Path.Combine(FullPath, directoryName);

    public override PartitionLog OpenLog(Partition partition, LogOptions options)
    {
        LogSummary? closed = partition.Log.Closed;
        PartitionLog log;
        try
        {
            if (closed is not null && !Device.DirectoryExists(PathOf(PartitionDirectory.Name(partition.Id.Topic, partition.Id.Partition))))
            {
                throw new StorageException(StorageError.NotFound, "open",
                    PathOf(PartitionDirectory.Name(partition.Id.Topic, partition.Id.Partition)), "somebody removed it since the start");
            }

            log = OpenLog(partition.Id, options, partition.Topic.Id, closed);
        }
        catch (StorageException e) when (FenceRule.IsFinal(e) && e.Error != StorageError.Exists && e.Operation != "pread")
        {
            Fence.Trip(e);
            throw;
        }

        if (closed is not null)
        {
            foreach (DamagedRange range in log.Damage)
            {
                Tell(log.Directory, range); // of a log that is opened with the engine, the opening tells
            }
        }

        return log;
    }

    /// <summary>Opens a log; scans it unless the clean marker knows its end.</summary>
    public PartitionLog OpenLog(TopicPartition id, LogOptions options, Guid topicId, LogSummary? closed = null)
    {
        string name = PartitionDirectory.Name(id.Topic, id.Partition);
        LogSummary? clean = closed ?? FindClean(name);
        PartitionLogContext context = TopicName.IsInternal(id.Topic) ? _internalContext : _context;
        PartitionLog log = PartitionLog.Open(context, PathOf(name), id, options, clean is not null, topicId);
        if (clean is not null && log.LogEndOffset != clean.LogEndOffset)
        {
            // The marker belongs to other files than these: trust nothing, scan.
            log.Dispose();
            log = PartitionLog.Open(context, PathOf(name), id, options, cleanShutdown: false, topicId);
        }

        return log;
    }

    /// <summary>
    /// What the clean marker says of a log, if its file is as long as it says: such a log need not be opened before it is used.
    /// </summary>
    public LogSummary? FindUntouched(Partition partition)
    {
        string name = PartitionDirectory.Name(partition.Id.Topic, partition.Id.Partition);
        if (FindClean(name) is not { } closed || closed.TopicId != partition.Topic.Id || !closed.Fits(Device, PathOf(name)))
        {
            return null;
        }

        return closed;
    }

    /// <summary>What the clean marker says of a directory; null when it says nothing, or there was none.</summary>
    public LogSummary? FindClean(string directoryName) => _cleanLogs?.GetValueOrDefault(directoryName);

    /// <summary>All logs are open or have taken over what the marker says: it is forgotten.</summary>
    public void ForgetMarker() => _cleanLogs = null;

    /// <summary>Looks at the free space, for <see cref="IsDiskLow"/>.</summary>
    public void CheckDiskSpace()
    {
        if (_space.Look())
        {
            _options.OnWarning?.Invoke(_space.IsLow
                ? _space.Refusal + " Records are refused until then; reads, commits, deletions and changes go on."
                : $"The disk of '{FullPath}' has room again: records are taken.");
        }
    }

    /// <summary>All logs are closed and synced: the commit journal is no longer needed. Throws <see cref="StorageException"/>.</summary>
    public void DeleteJournal()
    {
        _commitLoop.Dispose();
        _journal.Delete();
    }

    /// <summary>Ends the commit thread and lets the directory go.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _commitLoop.Dispose();
        _journal.Dispose();
        Builders.Dispose();
        Metrics.Dispose();
        _handles.Dispose();
        _lock.Dispose();
    }

    private void WarnOfSlowSync(TimeSpan took, bool hasEnded) => _options.OnWarning?.Invoke(hasEnded
        ? $"A sync of '{FullPath}' took {took.TotalSeconds:0.0} s."
        : $"A sync of '{FullPath}' has been running for {took.TotalSeconds:0.0} s: the disk is slow, and acknowledgements wait for it.");

    private void Tell(string directory, DamagedRange range) => _options.DamageFound?.Invoke($"{Path.GetFileName(directory)}: {range}");

    private static void RunInBackground(Action work) =>
        ThreadPool.UnsafeQueueUserWorkItem(static action => action(), work, preferLocal: false);

    /// <summary>Notes this process, for the message that a second one gets. Advice only: the lock itself is the kernel's.</summary>
    private static void WriteOwner(IStorageDevice device, string path) =>
        device.ReplaceCache(Path.Combine(path, OwnerFile),
            Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));

    private static string Owner(IStorageDevice device, string path)
    {
        try
        {
            string text = Encoding.ASCII.GetString(device.ReadWhole(Path.Combine(path, OwnerFile)) ?? []);
            return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? $"process {pid}" : "process unknown";
        }
        catch (StorageException)
        {
            // The pid is a courtesy; that the directory is locked is what matters.
            return "process unknown";
        }
    }

    private static void Create(IStorageDevice device, string path)
    {
        if (device.DirectoryExists(path))
        {
            return;
        }

        if (Path.GetDirectoryName(path) is { Length: > 0 } parent)
        {
            Create(device, parent);
            device.CreateDirectory(path);
            device.SyncDirectory(parent);
        }
    }
}
