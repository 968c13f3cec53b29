namespace LogQueue.Storage.Files;

/// <summary>
/// Which disk errors end the writing in a directory. A failed sync or cut is final whatever its reason: nobody knows any more what the file
/// holds. A write, an open or an allocation that failed for want of space, of file handles or of memory left everything as it was, and is
/// worth trying again. Everything else (EIO, a read-only or damaged file system, lost rights) is no state to go on writing in. Stateless.
/// </summary>
internal static class FenceRule
{
    /// <summary>True when the directory is to be fenced; false when refusing the one operation is enough.</summary>
    internal static bool IsFinal(StorageException e) =>
        e.Operation.Contains("sync", StringComparison.Ordinal) || e.Operation.Contains("truncate", StringComparison.Ordinal)
        || e.Error is not (StorageError.NoSpace or StorageError.ShortWrite or StorageError.TooManyFiles or StorageError.OutOfMemory);
}
