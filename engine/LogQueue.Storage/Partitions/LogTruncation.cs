using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>Cuts the files of a log; the caller recovers it afterwards. Under all locks of the log. Stateless.</summary>
internal static class LogTruncation
{
    /// <summary>Cuts the batches that hold or follow the offset and closes all segments. Crash-safe at every step.</summary>
    internal static void Run(
        PartitionLogContext context, string directory, SegmentList segments, LogCheckpointer checkpointer, long offset, long logStart)
    {
        LogSegment[] all = segments.TakeFirst(segments.Count);
        int slot = Math.Max(0, SegmentList.Find(all, offset));
        LogSegment last = all[slot];
        _ = last.Log.TryAcquire();
        BatchLocation at = SegmentReader.FindBatch(last, offset, last.SizeBytes);
        long position = at.Outcome == BatchSearch.Found ? at.Position : last.SizeBytes;
        BatchLocation before = SegmentReader.FindLastEndingBy(last, 0, position, last.SizeBytes);
        last.Log.Release();
        long end = position == last.SizeBytes ? Math.Min(offset, last.NextOffset)
            : before.Outcome == BatchSearch.Found ? before.LastOffset + 1 : last.BaseOffset; // a cleaner may have left a gap before the cut

        // First the recovery point goes back; then files may shrink, newest first, without looking like damage.
        checkpointer.CutTo(logStart, end, last.BaseOffset, position);
        for (int i = all.Length - 1; i > slot; i--)
        {
            all[i].Close();
            DeleteNow(context.Device, all[i]);
        }

        context.Device.DeleteIfExists(last.PathOf(SegmentFileName.Seal));
        foreach (LogSegment segment in all.AsSpan(0, slot + 1))
        {
            segment.Close();
        }

        // Before the file shrinks: a seal that a power cut brings back would vouch for bytes that are zeros by then.
        context.Device.SyncDirectory(directory);
        using IStorageFile file = context.Device.Open(last.PathOf(SegmentFileName.Log), StorageOpenMode.ReadWrite);
        last.WhileUnmapped(() => file.Truncate(position));
        file.DataSync();
    }

    /// <summary>By name, at once: when the last reader of these files ends, the names may be those of another segment.</summary>
    private static void DeleteNow(IStorageDevice device, LogSegment segment)
    {
        foreach (string extension in (ReadOnlySpan<string>)[SegmentFileName.Seal, SegmentFileName.OffsetIndex, SegmentFileName.TimeIndex,
            SegmentFileName.TransactionIndex, SegmentFileName.Snapshot, SegmentFileName.Log])
        {
            device.DeleteIfExists(segment.PathOf(extension));
        }
    }
}
