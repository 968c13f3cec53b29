using System.Runtime.InteropServices;

namespace LogQueue.Storage.Files;

/// <summary>Turns error numbers into <see cref="StorageException"/>s. Stateless.</summary>
internal static class Errno
{
    /// <summary>The exception for an error number.</summary>
    internal static StorageException ToException(int errno, string operation, string path) =>
        new(Classify(errno), operation, path, $"{Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})");

    /// <summary>The exception for what .NET's own file calls threw.</summary>
    internal static StorageException ToException(Exception cause, string operation, string path)
    {
        StorageError error = cause switch
        {
            FileNotFoundException or DirectoryNotFoundException => StorageError.NotFound,
            UnauthorizedAccessException => StorageError.Permission,
            NotSupportedException => StorageError.InputOutput, // "cannot seek": an xfs that has shut down
            IOException io => Classify(io.HResult),
            _ => StorageError.Other,
        };
        return new StorageException(error, operation, path, cause.Message, cause);
    }

    /// <summary>The kind of an error number (Linux numbers; macOS shares all but the quota's and the lock's).</summary>
    internal static StorageError Classify(int errno) => errno switch
    {
        1 or 13 => StorageError.Permission,
        2 => StorageError.NotFound,
        5 or 6 or 19 or 117 => StorageError.InputOutput, // EIO, ENXIO and ENODEV (the device is gone), EUCLEAN (the file system is damaged)
        11 or 35 => StorageError.Locked,
        12 => StorageError.OutOfMemory,
        17 => StorageError.Exists,
        23 or 24 => StorageError.TooManyFiles,
        27 or 28 or 122 or 69 => StorageError.NoSpace, // EFBIG (a limit on file sizes), ENOSPC, EDQUOT
        30 => StorageError.ReadOnly,
        _ => StorageError.Other,
    };
}
