namespace LogQueue.Storage.Partitions;

/// <summary>
/// Makes what logs wrote durable: by one sync per file and round today, by a shared journal if that ever wins. Thread-safe.
/// </summary>
internal interface ICommitLog
{
    /// <summary>The log has new bytes. Called after each append, outside the log's lock.</summary>
    void Written(PartitionLog log, int bytes);

    /// <summary>Somebody waits: commit this log as soon as possible.</summary>
    void Demand(PartitionLog log);
}
