namespace LogQueue.Storage.Partitions;

/// <summary>
/// Makes what logs wrote durable: by one sync per file, or by one sync of a journal for many. Thread-safe.
/// </summary>
internal interface ICommitLog
{
    /// <summary>The log has new bytes. Called after each append, outside the log's lock.</summary>
    void Written(PartitionLog log, int bytes);

    /// <summary>Somebody waits: commit this log as soon as possible.</summary>
    void Demand(PartitionLog log);

    /// <summary>
    /// The files of a partition directory are about to be cut or deleted: when it returns, nothing but those files can bring back what is
    /// in them. Called with the log's commit lock held. Throws <see cref="StorageException"/> when that cannot be made sure of.
    /// </summary>
    void Forget(string directory);
}
