namespace LogQueue.Storage;

/// <summary>
/// A mistake that the tests must find: each one breaks a promise that the log gives. See <see cref="PlantedBugs"/>.
/// </summary>
internal enum PlantedBug
{
    /// <summary>None: the code as it is.</summary>
    None,

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
    [FoundBy("EngineCrashTests.Every_operation_may_be_the_last")]
    LoseCommittedOffset,

    /// <summary>Consumers read what is written but not yet durable.</summary>
    [FoundBy("CrashExplorerTests.Every_operation_may_be_the_last")]
    ReadPastDurable,

    /// <summary>A look-up by time starts at the entry after the right one.</summary>
    [FoundBy("LogModelTests.A_log_is_the_list_of_what_was_appended")]
    TimeIndexOffByOne,
}
