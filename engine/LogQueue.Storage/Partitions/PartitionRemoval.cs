using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// Deletes a partition directory. First it gets another name, durably, in one step: a topic of the same name may be created next, and
/// neither a failed deletion nor a power cut may leave one of the old files to it. The files themselves live on for readers that lease
/// them, and end with the last lease. One use.
/// </summary>
internal sealed class PartitionRemoval(PartitionLogContext context, string directory)
{
    private readonly IStorageDevice _device = context.Device;

    public void Run(SegmentList segments)
    {
        LogSegment[] all = segments.TakeFirst(segments.Count);
        try
        {
            if (!context.Fence.IsTripped) // else the next start deletes it all
            {
                Delete();
            }
        }
        catch (StorageException e)
        {
            context.Fence.Trip(e);
        }

        foreach (LogSegment segment in all)
        {
            segment.Close();
        }
    }

    private void Delete()
    {
        string? doomed = TryRename();
        try
        {
            Delete(doomed ?? directory);
        }
        catch (StorageException) when (doomed is not null)
        {
            // What is left is deleted at the next start: the catalogue no longer knows this topic.
        }
    }

    /// <summary>Null when the disk is too full for another name: then every file has to go at once.</summary>
    private string? TryRename()
    {
        string parent = Path.GetDirectoryName(directory)!;
        string doomed;
        do
        {
            doomed = Path.Combine(parent, $"deleted.{context.NextRemoval()}"); // short: a topic's name may fill its directory's
        }
        while (_device.DirectoryExists(doomed));
        try
        {
            _device.Rename(directory, doomed);
        }
        catch (StorageException e) when (e.Error == StorageError.NoSpace)
        {
            return null;
        }

        _device.SyncDirectory(parent);
        return doomed;
    }

    private void Delete(string path)
    {
        foreach (string name in _device.ListFiles(path).OrderBy(static name => name == PartitionMetadataFile.FileName))
        {
            _device.Delete(Path.Combine(path, name)); // the topic's id last: by it the next start knows what this is
        }

        _device.DeleteDirectory(path);
        if (path == directory)
        {
            _device.SyncDirectory(Path.GetDirectoryName(path)!);
        }
    }
}
