using LogQueue.Storage.Files;

namespace LogQueue.Storage.Segments;

/// <summary>
/// Makes a rolled segment immutable: trimmed, indexes at their real size, sealed. Stateless; one caller per segment at a time.
/// </summary>
internal static class SegmentSealer
{
    /// <summary>
    /// Seals a segment whose data are durable. Throws <see cref="StorageException"/>; a sync failure among them is final. Throws
    /// <see cref="CorruptLogException"/>, with no seal written, when the log is damaged.
    /// </summary>
    internal static void Seal(IStorageDevice device, LogSegment segment)
    {
        if (!segment.Log.TryAcquire())
        {
            return; // removed meanwhile
        }

        try
        {
            segment.Trim();
            if (!PlantedBugs.IsOn(PlantedBug.SwapBeforeSync))
            {
                segment.DataSync();
            }

            segment.FlushIndexes(sync: true);
            device.ReplaceDurably(segment.PathOf(SegmentFileName.Seal), SegmentSeal.Of(device, segment).ToBytes());
            segment.Integrity.TrustAll();
            segment.Rest();
        }
        finally
        {
            segment.Log.Release();
        }
    }

    /// <summary>The seal of a segment, when it fits the log file; null otherwise.</summary>
    internal static SegmentSeal? TryLoad(IStorageDevice device, LogSegment segment, long nextBaseOffset) =>
        SegmentSeal.TryLoad(device, segment.PathOf(SegmentFileName.Seal)) is { } seal && seal.BaseOffset == segment.BaseOffset
        && seal.NextOffset <= nextBaseOffset && device.FileLength(segment.Log.Path) == seal.LogBytes ? seal : null;

    /// <summary>Takes a sealed segment over without reading its log; false when seal, log and indexes do not fit together.</summary>
    internal static bool TryAdopt(IStorageDevice device, LogSegment segment) =>
        TryLoad(device, segment, long.MaxValue) is { } seal && TryAdopt(device, segment, seal);

    /// <summary>Takes a sealed segment over without reading its log; false when the indexes are not those of the seal.</summary>
    internal static bool TryAdopt(IStorageDevice device, LogSegment segment, SegmentSeal seal)
    {
        if (segment.FingerprintIndexes(device) != seal.Indexes
            || !segment.OffsetIndex.TryLoad(seal.LogBytes) || !segment.TimeIndex.TryLoad(seal.NextOffset))
        {
            return false;
        }

        segment.Integrity.AllowGaps |= seal.HasGaps;
        segment.Adopt(seal.NextOffset, seal.LogBytes, seal.MaxTimestampMs, seal.OffsetOfMaxTimestamp, seal.FirstTimestampMs);
        segment.Integrity.Distrust(seal.LogBytes, seal.NextOffset, isSealed: true);
        return true;
    }
}
