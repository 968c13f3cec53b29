namespace LogQueue.Storage;

/// <summary>
/// A mistake that the tests must find: each one breaks a promise that the log gives. See <see cref="PlantedBugs"/>.
/// </summary>
internal enum PlantedBug
{
    /// <summary>None: the code as it is.</summary>
    None,

    /// <summary>A failed sync counts as done, as in the runtime's own flush. Found by <c>FailingDiskTests</c>.</summary>
    IgnoreSyncError,

    /// <summary>Who waits when the directory is fenced is told that his records are durable. Found by <c>CommitLoopTests</c>.</summary>
    AckAfterFence,

    /// <summary>What a failed write left in the file is published as if it were whole. Found by <c>DiskErrorTests</c>.</summary>
    KeepPartialWrite,
}
