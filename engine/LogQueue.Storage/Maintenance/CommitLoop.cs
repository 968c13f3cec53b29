using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;

namespace LogQueue.Storage.Maintenance;

/// <summary>The commit thread of one data directory.</summary>
internal sealed class CommitLoop : ICommitLog, IDisposable
{
    public CommitLoop(CommitLoopOptions options, TimeProvider timeProvider, DirectoryFence fence)
    {
        _ = options;
        _ = timeProvider;
        _ = fence;
    }

    /// <summary>Starts the thread.</summary>
    public void Start() => throw new NotSupportedException();

    public void Written(PartitionLog log, int bytes) => throw new NotSupportedException();

    public void Demand(PartitionLog log) => throw new NotSupportedException();

    /// <summary>Commits what is dirty and ends the thread.</summary>
    public void Dispose() => throw new NotSupportedException();
}
