using LogQueue.Storage.Files;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// What a log was when it was closed in good order: enough to answer for its offsets without opening a file of it. Immutable.
/// </summary>
/// <param name="TopicId">Its topic.</param>
/// <param name="LogStartOffset">The first offset that can be read.</param>
/// <param name="LastStableOffset">Below it no transaction is open.</param>
/// <param name="LogEndOffset">The next offset; all below it is durable.</param>
/// <param name="LeaderEpoch">The epoch that its next batches are stamped with.</param>
/// <param name="SegmentBaseOffset">The active segment.</param>
/// <param name="SegmentBytes">Length of that segment's log file; -1 when the log has to be looked at before it is used.</param>
/// <param name="SizeBytes">Bytes of all segments.</param>
/// <param name="OldestTimestampMs">The largest timestamp of the oldest segment; -1 when it has none.</param>
internal sealed record LogSummary(
    Guid TopicId, long LogStartOffset, long LastStableOffset, long LogEndOffset, int LeaderEpoch, long SegmentBaseOffset, long SegmentBytes,
    long SizeBytes, long OldestTimestampMs)
{
    /// <summary>True when the active segment's file is still as long as it was left. Throws <see cref="StorageException"/>.</summary>
    public bool Fits(IStorageDevice device, string directory)
    {
        string path = SegmentFileName.PathOf(directory, SegmentBaseOffset, SegmentFileName.Log);
        return SegmentBytes >= 0 && device.FileExists(path) && device.FileLength(path) == SegmentBytes;
    }

    /// <summary>True when retention or compaction may have something to do in the log, so that it must be opened.</summary>
    public bool NeedsUpkeep(LogOptions options, long nowMs)
    {
        bool isOld = options.RetentionMs >= 0 && nowMs - OldestTimestampMs > options.RetentionMs;
        bool isLarge = options.RetentionBytes >= 0 && SizeBytes > options.RetentionBytes;
        return LogEndOffset > LogStartOffset && (options.Compacted || (options.DeleteOld && (isOld || isLarge)));
    }
}
