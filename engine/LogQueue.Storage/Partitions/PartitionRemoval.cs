using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>Deletes a partition directory: each segment when its last reader is done, then what is left. Used once.</summary>
internal sealed class PartitionRemoval(IStorageDevice device, string directory)
{
    private int _left;

    public void Run(SegmentList segments)
    {
        LogSegment[] all = segments.TakeFirst(segments.Count);
        _left = all.Length + 1;
        foreach (LogSegment segment in all)
        {
            segment.Remove(null, OneLess);
        }

        OneLess();
    }

    private void OneLess()
    {
        if (Interlocked.Decrement(ref _left) != 0)
        {
            return;
        }

        try
        {
            foreach (string name in device.ListFiles(directory))
            {
                device.Delete(Path.Combine(directory, name));
            }

            device.DeleteDirectory(directory);
        }
        catch (StorageException)
        {
            // What is left is deleted at the next start: the catalogue no longer knows this directory.
        }
    }
}
