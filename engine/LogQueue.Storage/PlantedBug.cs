namespace LogQueue.Storage;

/// <summary>
/// A mistake that the tests must find: each one breaks a promise that the log gives. See <see cref="PlantedBugs"/>.
/// </summary>
internal enum PlantedBug
{
    /// <summary>None: the code as it is.</summary>
    None,

    /// <summary>
    /// The cleaner drops a tombstone in the pass that first meets it, so that slow readers never hear of the deletion. Found by
    /// <c>CompactionTests.A_tombstone_stays_until_its_delete_horizon</c> and <c>CompactionModelTests</c>.
    /// </summary>
    DropTombstoneEarly,

    /// <summary>
    /// A cleaned segment takes the place of the old ones before its bytes are synced. Found by <c>CompactionCrashTests</c>.
    /// </summary>
    SwapBeforeSync,

    /// <summary>A failed sync counts as done, as in the runtime's own flush. Found by <c>FailingDiskTests</c>.</summary>
    IgnoreSyncError,

    /// <summary>Who waits when the directory is fenced is told that his records are durable. Found by <c>CommitLoopTests</c>.</summary>
    AckAfterFence,

    /// <summary>What a failed write left in the file is published as if it were whole. Found by <c>DiskErrorTests</c>.</summary>
    KeepPartialWrite,

    /// <summary>
    /// A read serves sealed bytes without checking them against the seal. Found by <c>EveryBitTests</c> and <c>ReadVerificationTests</c>.
    /// </summary>
    SkipReadVerify,

    /// <summary>
    /// Damage below the recovery point is cut like a torn tail. Found by <c>DamageTests</c> and <c>QuarantineTests</c>.
    /// </summary>
    TruncateDamage,
}
