namespace LogQueue.Storage;

/// <summary>What kind of trouble the disk reported.</summary>
public enum StorageError
{
    /// <summary>Anything that has no kind of its own.</summary>
    Other,

    /// <summary>The disk or the quota is full, or a file has reached the largest size allowed (ENOSPC, EDQUOT, EFBIG).</summary>
    NoSpace,

    /// <summary>The device failed or is gone, or its file system is damaged (EIO, ENXIO, ENODEV, EUCLEAN).</summary>
    InputOutput,

    /// <summary>The file system is read-only (EROFS).</summary>
    ReadOnly,

    /// <summary>The file or directory does not exist.</summary>
    NotFound,

    /// <summary>The file or directory exists already.</summary>
    Exists,

    /// <summary>Permission denied.</summary>
    Permission,

    /// <summary>The process or the system has too many open files (EMFILE, ENFILE).</summary>
    TooManyFiles,

    /// <summary>Another process holds the lock.</summary>
    Locked,

    /// <summary>The kernel wrote less than it was given and then nothing.</summary>
    ShortWrite,

    /// <summary>The system had no memory for the operation (ENOMEM).</summary>
    OutOfMemory,
}
