using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LogQueue.Storage.Files;

/// <summary>The real disk. Thread-safe.</summary>
internal sealed class DiskStorageDevice : IStorageDevice
{
    private DiskStorageDevice()
    {
    }

    /// <summary>Creates the device after proving that errors of sync calls reach us: a sync of a pipe must fail with EINVAL.</summary>
    /// <exception cref="StorageException">The self-test failed: no durability promise can be made on this system.</exception>
    public static DiskStorageDevice Create()
    {
        ProveSyncErrorsAreSeen();
        return new DiskStorageDevice();
    }

    /// <summary>
    /// Called when the process or the system has too many open files; what failed is then tried once more. May be called under any lock.
    /// </summary>
    public Action? OutOfHandles { get; set; }

    public IStorageFile Open(string path, StorageOpenMode mode)
    {
        FileMode fileMode = mode switch
        {
            StorageOpenMode.CreateNew => FileMode.CreateNew,
            StorageOpenMode.OpenOrCreate => FileMode.OpenOrCreate,
            _ => FileMode.Open,
        };
        FileAccess access = mode == StorageOpenMode.Read ? FileAccess.Read : FileAccess.ReadWrite;
        return Guard("open", path, () => new DiskStorageFile(
            path, File.OpenHandle(path, fileMode, access, FileShare.ReadWrite | FileShare.Delete), access != FileAccess.Read));
    }

    public bool FileExists(string path) => File.Exists(path);

    public bool DirectoryExists(string path) => Directory.Exists(path);

    public long FileLength(string path) => Guard("stat", path, () => new FileInfo(path).Length);

    public void CreateDirectory(string path) => Guard("mkdir", path, () => Directory.CreateDirectory(path));

    public IReadOnlyList<string> ListFiles(string directory) => Guard("list", directory, () => Names(Directory.GetFiles(directory)));

    public IReadOnlyList<string> ListDirectories(string directory) =>
        Guard("list", directory, () => Names(Directory.GetDirectories(directory)));

    public void Delete(string path) => Guard("unlink", path, () =>
    {
        File.Delete(path);
        return true;
    });

    public void DeleteDirectory(string path) => Guard("rmdir", path, () =>
    {
        Directory.Delete(path, recursive: false);
        return true;
    });

    public void Rename(string from, string to) => Guard("rename", from, () =>
    {
        if (Directory.Exists(from))
        {
            Directory.Move(from, to);
        }
        else
        {
            File.Move(from, to, overwrite: true);
        }

        return true;
    });

    public void SyncDirectory(string path)
    {
        int directory = Guard("open", path, () =>
        {
            int opened = LibC.Open(path, LibC.OpenReadOnly);
            return opened >= 0 ? opened : throw Errno.ToException(Marshal.GetLastPInvokeError(), "open", path);
        });

        int result = LibC.Sync(directory);
        int errno = result == 0 ? 0 : Marshal.GetLastPInvokeError();
        _ = LibC.Close(directory); // nothing was written through this descriptor
        if (result != 0)
        {
            throw Errno.ToException(errno, "fsync", path);
        }
    }

    public long FreeBytes(string path) => Guard("statfs", path, () => new DriveInfo(path).AvailableFreeSpace);

    public long TotalBytes(string path) => Guard("statfs", path, () => new DriveInfo(path).TotalSize);

    public IDisposable LockDirectory(string path)
    {
        string lockFile = Path.Combine(path, ".lock");
        try
        {
            // The runtime takes a shared lock when it opens the file, so already that fails where another process has the exclusive one.
            SafeFileHandle handle = Guard("open", lockFile, () =>
                File.OpenHandle(lockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite));
            if (LibC.Lock(handle, LibC.LockExclusive | LibC.LockNonBlocking) == 0)
            {
                return handle; // the kernel drops the lock with the handle, also when the process dies
            }

            int errno = Marshal.GetLastPInvokeError();
            handle.Dispose();
            throw Errno.ToException(errno, "flock", lockFile);
        }
        catch (StorageException e) when (e.Error == StorageError.Locked)
        {
            throw new StorageException(StorageError.Locked, "lock", path,
                "another process uses this data directory; stop it or choose another directory", e);
        }
    }

    private static string[] Names(string[] paths)
    {
        for (int i = 0; i < paths.Length; i++)
        {
            paths[i] = Path.GetFileName(paths[i]);
        }

        Array.Sort(paths, StringComparer.Ordinal);
        return paths;
    }

    private T Guard<T>(string operation, string path, Func<T> action)
    {
        try
        {
            return Try(operation, path, action);
        }
        catch (StorageException e) when (e.Error == StorageError.TooManyFiles && OutOfHandles is not null)
        {
            OutOfHandles();
            return Try(operation, path, action);
        }
    }

    private static T Try<T>(string operation, string path, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is IOException and not StorageException or UnauthorizedAccessException or NotSupportedException)
        {
            throw Errno.ToException(e, operation, path);
        }
    }

    private static unsafe void ProveSyncErrorsAreSeen()
    {
        int* ends = stackalloc int[2];
        if (LibC.Pipe(ends) != 0)
        {
            throw Errno.ToException(Marshal.GetLastPInvokeError(), "pipe", "(sync self-test)");
        }

        int data = OperatingSystem.IsMacOS() ? LibC.Sync(ends[0]) : LibC.DataSync(ends[0]);
        int dataError = Marshal.GetLastPInvokeError();
        int full = LibC.Sync(ends[1]);
        int fullError = Marshal.GetLastPInvokeError();
        _ = LibC.Close(ends[0]);
        _ = LibC.Close(ends[1]);
        bool seen = data == -1 && full == -1 && (OperatingSystem.IsMacOS() || (dataError == LibC.Einval && fullError == LibC.Einval));
        if (!seen)
        {
            throw new StorageException(StorageError.Other, "sync self-test", "(pipe)",
                $"a sync that must fail with EINVAL returned {data} (errno {dataError}) and {full} (errno {fullError}): "
                + "sync errors are not seen on this system, so nothing could be promised as durable");
        }
    }
}
