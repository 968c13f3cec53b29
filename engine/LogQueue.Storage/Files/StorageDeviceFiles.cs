namespace LogQueue.Storage.Files;

/// <summary>Whole small files on a device. Stateless.</summary>
internal static class StorageDeviceFiles
{
    /// <summary>Largest file that is read whole; metadata files are far smaller.</summary>
    private const int MostBytes = 64 << 20;

    /// <summary>Reads a whole file; null when it does not exist.</summary>
    internal static byte[]? ReadWhole(this IStorageDevice device, string path)
    {
        if (!device.FileExists(path))
        {
            return null;
        }

        using IStorageFile file = device.Open(path, StorageOpenMode.Read);
        long length = file.Length;
        if (length > MostBytes)
        {
            throw new StorageException(StorageError.Other, "read", path,
                $"{length} bytes are too many for a metadata file (at most {MostBytes})");
        }

        byte[] bytes = new byte[length];
        int read = file.Read(0, bytes);
        return read == bytes.Length ? bytes : bytes[..read];
    }

    /// <summary>
    /// Replaces a file so that after a crash it is the old or the new one, whole: temporary file, sync, rename, directory sync
    /// (which the caller may make later, for several files at once).
    /// </summary>
    internal static void ReplaceDurably(this IStorageDevice device, string path, ReadOnlySpan<byte> content, bool syncsDirectory = true)
    {
        WriteAside(device, path, content, sync: true);
        if (syncsDirectory)
        {
            device.SyncDirectory(Path.GetDirectoryName(path)!);
        }
    }

    /// <summary>Replaces a file that is only a cache: whole or absent in the running system, anything after a crash.</summary>
    internal static void ReplaceCache(this IStorageDevice device, string path, ReadOnlySpan<byte> content) =>
        WriteAside(device, path, content, sync: false);

    /// <summary>Deletes a file if it is there.</summary>
    internal static void DeleteIfExists(this IStorageDevice device, string path)
    {
        if (device.FileExists(path))
        {
            device.Delete(path);
        }
    }

    private static void WriteAside(IStorageDevice device, string path, ReadOnlySpan<byte> content, bool sync)
    {
        string aside = path + ".tmp";
        device.DeleteIfExists(aside);
        using (IStorageFile file = device.Open(aside, StorageOpenMode.CreateNew))
        {
            file.Write(0, content);
            if (sync)
            {
                file.DataSync();
            }
        }

        device.Rename(aside, path);
    }
}
