namespace LogQueue.Storage;

/// <summary>
/// A mistake that the tests must find: each one breaks a promise that the log gives. See <see cref="PlantedBugs"/>.
/// </summary>
internal enum PlantedBug
{
    /// <summary>None: the code as it is.</summary>
    None,

    /// <summary>The cleaner drops a tombstone in the pass that first meets it, so that slow readers never hear of the deletion.</summary>
    [FoundBy("CompactionTests.A_tombstone_stays_until_its_delete_horizon")]
    DropTombstoneEarly,

    /// <summary>A cleaned segment takes the place of the old ones before its bytes are synced.</summary>
    [FoundBy("CompactionCrashTests.A_cut_anywhere_in_a_cleaning_leaves_the_old_or_the_new_segments")]
    SwapBeforeSync,

    /// <summary>A failed sync counts as done, as in the runtime's own flush.</summary>
    [FoundBy("DiskStorageFileTests.A_sync_that_fails_is_told")]
    IgnoreSyncError,

    /// <summary>Who waits when the directory is fenced is told that his records are durable.</summary>
    [FoundBy("CommitLoopTests.A_failed_sync_fails_everybody_and_nothing_is_synced_again")]
    AckAfterFence,

    /// <summary>What a failed write left in the file is published as if it were whole.</summary>
    [FoundBy("DiskErrorTests.A_disk_that_is_full_at_any_byte_of_a_batch_loses_and_shows_nothing_of_it")]
    KeepPartialWrite,

    /// <summary>A read serves sealed bytes without checking them against the seal.</summary>
    [FoundBy("EveryBitTests.Of_a_sealed_segment")]
    SkipReadVerify,

    /// <summary>Damage below the recovery point is cut like a torn tail.</summary>
    [FoundBy("DamageTests.Damage_below_the_recovery_point_is_kept_and_reported")]
    TruncateDamage,

    /// <summary>A commit publishes without syncing the segment.</summary>
    [FoundBy("CrashExplorerTests.Every_operation_may_be_the_last")]
    SkipDataSync,

    /// <summary>Those who wait are answered before the sync.</summary>
    [FoundBy("CrashExplorerTests.Every_operation_may_be_the_last")]
    AckBeforeSync,

    /// <summary>The log end moves before the bytes are written.</summary>
    [FoundBy("CrashExplorerTests.Every_operation_may_be_the_last")]
    PublishEndBeforeWrite,

    /// <summary>The offset index answers with the entry after the right one.</summary>
    [FoundBy("LogModelTests.A_log_is_the_list_of_what_was_appended")]
    IndexOneEntryTooFar,

    /// <summary>A new segment's name is not made durable.</summary>
    [FoundBy("CrashExplorerTests.Every_operation_may_be_the_last")]
    ForgetDirectorySync,

    /// <summary>Recovery forgets which sequences producers used.</summary>
    [FoundBy("CrashExplorerTests.Every_operation_may_be_the_last")]
    ReuseProducerSequence,

    /// <summary>Recovery cuts the last whole batch together with the torn tail.</summary>
    [FoundBy("CrashExplorerTests.Every_operation_may_be_the_last")]
    CutOneBatchTooMany,

    /// <summary>Of the two checkpoint slots the older one is taken.</summary>
    [FoundBy("CrashExplorerTests.Every_operation_may_be_the_last")]
    TrustStaleCheckpoint,

    /// <summary>Any sequence of a known producer is accepted.</summary>
    [FoundBy("ProducerStateTests.The_last_five_batches_are_recognised_and_nothing_else")]
    SkipSequenceCheck,

    /// <summary>The replay of the commit journal leaves out a frame.</summary>
    [FoundBy("CrashExplorerTests.Every_operation_may_be_the_last")]
    JournalSkipFrame,

    /// <summary>What the journal holds of a log is not voided when the log is cut or deleted.</summary>
    [FoundBy("JournalCrashTests.Every_operation_may_be_the_last")]
    ForgetJournalOnTruncate,

    /// <summary>Segments are deleted before the new log start is durable.</summary>
    [FoundBy("CrashTests.A_power_cut_while_old_segments_are_deleted_shows_no_hole")]
    LogStartBeforeCheckpoint,

    /// <summary>A group's offset commit is answered before it is durable.</summary>
    [FoundBy("EngineCrashExplorerTests.Every_operation_may_be_the_last")]
    LoseCommittedOffset,

    /// <summary>Consumers read what is written but not yet durable.</summary>
    [FoundBy("CrashExplorerTests.Every_operation_may_be_the_last")]
    ReadPastDurable,

    /// <summary>A look-up by time starts at the entry after the right one.</summary>
    [FoundBy("LogModelTests.A_log_is_the_list_of_what_was_appended")]
    TimeIndexOffByOne,
}
