using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// Finishes what Kafka had begun in a partition directory when it ended, as Kafka's own start does it: files named <c>.deleted</c> and
/// <c>.cleaned</c> go; a segment named <c>.swap</c> takes the place of the segments that its cleaning has read. Running it twice is the
/// same as once. Stateless.
/// </summary>
internal static class KafkaLeftovers
{
    private const string Deleted = ".deleted";
    private const string Cleaned = ".cleaned";
    private const string Swap = ".swap";

    /// <summary>Finishes one directory. Throws <see cref="StorageException"/> when the disk fails.</summary>
    public static void Finish(IStorageDevice device, string directory)
    {
        bool changed = false;
        foreach (string name in device.ListFiles(directory))
        {
            if (name.EndsWith(Deleted, StringComparison.Ordinal) || name.EndsWith(Cleaned, StringComparison.Ordinal))
            {
                device.Delete(Path.Combine(directory, name));
                changed = true;
            }
        }

        foreach (string name in device.ListFiles(directory))
        {
            if (SegmentFileName.TryParse(name, SegmentFileName.Log + Swap, out long baseOffset))
            {
                TakePlace(device, directory, baseOffset);
                changed = true;
            }
        }

        foreach (string name in device.ListFiles(directory))
        {
            if (name.EndsWith(Swap, StringComparison.Ordinal))
            {
                device.Delete(Path.Combine(directory, name)); // an index whose log has its name already: it is rebuilt
                changed = true;
            }
        }

        if (changed)
        {
            device.SyncDirectory(directory);
        }
    }

    private static void TakePlace(IStorageDevice device, string directory, long baseOffset)
    {
        string swapped = SegmentFileName.PathOf(directory, baseOffset, SegmentFileName.Log);
        long next = NextOffset(device, swapped + Swap, baseOffset);
        foreach (string name in device.ListFiles(directory))
        {
            // What begins inside the swapped range was read by the cleaner; the segment of the same base is replaced by the rename.
            if (SegmentFileName.TryParse(name, SegmentFileName.Log, out long other) && other > baseOffset && other < next)
            {
                foreach (string extension in (ReadOnlySpan<string>)[SegmentFileName.OffsetIndex, SegmentFileName.TimeIndex,
                    SegmentFileName.TransactionIndex, SegmentFileName.Log])
                {
                    device.DeleteIfExists(SegmentFileName.PathOf(directory, other, extension));
                }
            }
        }

        // The log first: what a crash leaves then is the new log beside old indexes, which are rebuilt, and an old transaction index,
        // which says too much and nothing wrong.
        foreach (string extension in (ReadOnlySpan<string>)[SegmentFileName.Log, SegmentFileName.OffsetIndex, SegmentFileName.TimeIndex,
            SegmentFileName.TransactionIndex])
        {
            string path = SegmentFileName.PathOf(directory, baseOffset, extension);
            if (device.FileExists(path + Swap))
            {
                device.Rename(path + Swap, path);
            }
            else
            {
                device.DeleteIfExists(path); // of the segment that is replaced
            }
        }
    }

    private static long NextOffset(IStorageDevice device, string path, long baseOffset)
    {
        using IStorageFile file = device.Open(path, StorageOpenMode.Read);
        using var scanner = new SegmentScanner(file, 0, device.FileLength(path), baseOffset, allowGaps: true);
        while (scanner.MoveNext())
        {
            // Only the end matters.
        }

        return scanner.NextOffset;
    }
}
