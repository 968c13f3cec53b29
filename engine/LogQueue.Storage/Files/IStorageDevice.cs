namespace LogQueue.Storage.Files;

/// <summary>
/// The only door to files: the real disk, or a simulated one that loses what was not synced.
/// All methods throw <see cref="StorageException"/>. Thread-safe.
/// </summary>
internal interface IStorageDevice
{
    /// <summary>Opens a file.</summary>
    IStorageFile Open(string path, StorageOpenMode mode);

    /// <summary>True when the file exists.</summary>
    bool FileExists(string path);

    /// <summary>True when the directory exists.</summary>
    bool DirectoryExists(string path);

    /// <summary>Length of a file without opening it.</summary>
    long FileLength(string path);

    /// <summary>Creates one directory; its parent must exist. Durable after <see cref="SyncDirectory"/> of the parent.</summary>
    void CreateDirectory(string path);

    /// <summary>Names (not paths) of the files in a directory, sorted by ordinal.</summary>
    IReadOnlyList<string> ListFiles(string directory);

    /// <summary>Names (not paths) of the directories in a directory, sorted by ordinal.</summary>
    IReadOnlyList<string> ListDirectories(string directory);

    /// <summary>Deletes a file.</summary>
    void Delete(string path);

    /// <summary>Deletes an empty directory.</summary>
    void DeleteDirectory(string path);

    /// <summary>Renames a file or directory, replacing a file of that name. Durable after syncing the directory.</summary>
    void Rename(string from, string to);

    /// <summary>Makes the names in a directory durable.</summary>
    void SyncDirectory(string path);

    /// <summary>Bytes that may still be written below this path.</summary>
    long FreeBytes(string path);

    /// <summary>Bytes of the file system that holds this path.</summary>
    long TotalBytes(string path);

    /// <summary>Takes an exclusive lock on a directory (its <c>.lock</c> file), or throws <see cref="StorageError.Locked"/>.</summary>
    IDisposable LockDirectory(string path);
}

/// <summary>How a file is opened.</summary>
internal enum StorageOpenMode
{
    /// <summary>Must exist; read only.</summary>
    Read,

    /// <summary>Must exist; read and write.</summary>
    ReadWrite,

    /// <summary>Must not exist; read and write.</summary>
    CreateNew,

    /// <summary>Created when missing; read and write.</summary>
    OpenOrCreate,
}
