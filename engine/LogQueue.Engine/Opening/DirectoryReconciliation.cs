using LogQueue.Engine.Metadata;
using LogQueue.Engine.Topics;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;

namespace LogQueue.Engine.Opening;

/// <summary>
/// Brings the partition directories in line with the catalogue: what is left of a deleted topic is deleted at last, what no topic claims is
/// moved to <c>lost+found/</c>. Directories that do not look like partitions are left alone: they are not ours. Stateless.
/// </summary>
internal static class DirectoryReconciliation
{
    /// <summary>Where unclaimed directories go.</summary>
    public const string LostAndFound = "lost+found";

    /// <summary>Reconciles; returns the names of the directories moved away.</summary>
    public static IReadOnlyList<string> Run(DataDirectory directory, Catalogue catalogue)
    {
        HashSet<string> claimed = [PartitionDirectory.Name(TopicName.ClusterMetadata, 0)];
        Dictionary<string, Guid> ids = [];
        foreach (TopicEntry topic in catalogue.Topics)
        {
            for (int partition = 0; partition < topic.PartitionCount; partition++)
            {
                string name = PartitionDirectory.Name(topic.Name, partition);
                claimed.Add(name);
                ids[name] = topic.Id;
            }
        }

        List<string> lost = [];
        foreach (string name in directory.Device.ListDirectories(directory.FullPath))
        {
            if (directory.FindClean(name) is { } closed && ids.TryGetValue(name, out Guid claimer) && claimer == closed.TopicId)
            {
                continue; // looked at when it was closed
            }

            string path = directory.PathOf(name);
            if (!LooksLikePartition(directory.Device, path))
            {
                continue;
            }

            Guid? id = PartitionMetadataFile.TryLoad(directory.Device, path);
            if (id is { } stored && catalogue.WasRemoved(stored))
            {
                DeleteDirectory(directory.Device, path);
            }
            else if (!claimed.Contains(name) || (id is not null && ids.TryGetValue(name, out Guid owner) && owner != id
                && !PartitionMetadataFile.TryHeal(directory.Device, path, id.Value, owner)))
            {
                lost.Add(MoveAway(directory, name));
            }
        }

        if (lost.Count > 0)
        {
            directory.Device.SyncDirectory(directory.PathOf(LostAndFound));
            directory.Device.SyncDirectory(directory.FullPath);
        }

        return lost;
    }

    private static bool LooksLikePartition(IStorageDevice device, string path) =>
        Path.GetFileName(path) != LostAndFound
        && (device.FileExists(Path.Combine(path, PartitionMetadataFile.FileName))
            || device.ListFiles(path).Any(static file => SegmentFileName.TryParse(file, SegmentFileName.Log, out _)));

    private static string MoveAway(DataDirectory directory, string name)
    {
        string lostAndFound = directory.PathOf(LostAndFound);
        if (!directory.Device.DirectoryExists(lostAndFound))
        {
            directory.Device.CreateDirectory(lostAndFound);
        }

        string target = Path.Combine(lostAndFound, name);
        for (int copy = 2; directory.Device.DirectoryExists(target); copy++)
        {
            target = Path.Combine(lostAndFound, $"{name}.{copy}");
        }

        directory.Device.Rename(directory.PathOf(name), target);
        return Path.GetRelativePath(directory.FullPath, target);
    }

    private static void DeleteDirectory(IStorageDevice device, string path)
    {
        foreach (string file in device.ListFiles(path))
        {
            device.Delete(Path.Combine(path, file));
        }

        device.DeleteDirectory(path);
    }
}
