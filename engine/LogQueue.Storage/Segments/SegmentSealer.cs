using LogQueue.Storage.Files;

namespace LogQueue.Storage.Segments;

/// <summary>
/// Makes a rolled segment immutable: trimmed, indexes at their real size, sealed. Stateless; one caller per segment at a time.
/// </summary>
internal static class SegmentSealer
{
    /// <summary>
    /// Seals a segment whose data are durable. Throws <see cref="StorageException"/>; a sync failure among them is final.
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
            segment.Rest();
        }
        finally
        {
            segment.Log.Release();
        }
    }

    /// <summary>Takes a sealed segment over without reading its log; false when seal, log and indexes do not fit together.</summary>
    internal static bool TryAdopt(IStorageDevice device, LogSegment segment, long nextBaseOffset)
    {
        SegmentSeal? seal = SegmentSeal.TryLoad(device, segment.PathOf(SegmentFileName.Seal));
        if (seal is null || seal.BaseOffset != segment.BaseOffset || seal.NextOffset > nextBaseOffset
            || device.FileLength(segment.Log.Path) != seal.LogBytes
            || segment.FingerprintIndexes(device) != seal.Indexes
            || !segment.OffsetIndex.TryLoad(seal.LogBytes) || !segment.TimeIndex.TryLoad(seal.NextOffset))
        {
            return false;
        }

        segment.Adopt(seal.NextOffset, seal.LogBytes, seal.MaxTimestampMs, seal.OffsetOfMaxTimestamp, seal.FirstTimestampMs);
        return true;
    }
}
