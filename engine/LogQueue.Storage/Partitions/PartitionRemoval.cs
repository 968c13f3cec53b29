using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// Deletes a partition directory. The names go at once, because a topic of the same name may be created the next moment and its files have
/// the same paths; the files themselves live on for readers that lease them, and end with the last lease. Stateless.
/// </summary>
internal sealed class PartitionRemoval(IStorageDevice device, string directory)
{
    public void Run(SegmentList? segments = null)
    {
        LogSegment[] all = segments is null ? [] : segments.TakeFirst(segments.Count);
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

        foreach (LogSegment segment in all)
        {
            segment.Close();
        }
    }
}
