using LogQueue.Storage.Partitions;

namespace LogQueue.TestKit.Storage;

/// <summary>A commit log without a thread: commits when asked to, in the caller, so that runs on the simulated disk are deterministic.</summary>
internal sealed class InlineCommitLog : ICommitLog
{
    /// <summary>Bytes written and told so far.</summary>
    public long WrittenBytes { get; private set; }

    public void Written(PartitionLog log, int bytes) => WrittenBytes += bytes;

    public void Demand(PartitionLog log) => log.Commit();

    public void Forget(string directory)
    {
        // It syncs the logs' own files: there is nothing else.
    }
}
