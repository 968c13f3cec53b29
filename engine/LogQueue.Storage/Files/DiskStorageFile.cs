using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LogQueue.Storage.Files;

/// <summary>A file of the real disk. Positioned calls may run concurrently.</summary>
internal sealed class DiskStorageFile(string path, SafeFileHandle handle, bool isWritable) : IStorageFile
{
    private const int FactsBytes = 256;
    private const int LinksPosition = 16;

    /// <summary>Some file systems do not count names: there nothing can be told from them.</summary>
    private readonly bool _countsNames = isWritable && HasName(handle) == true;

    public string Path { get; } = path;

    public SafeFileHandle? Handle => handle;

    public long Length
    {
        get
        {
            try
            {
                return RandomAccess.GetLength(handle);
            }
            catch (Exception e) when (e is IOException or NotSupportedException)
            {
                throw Errno.ToException(e, "stat", Path);
            }
        }
    }

    public int Read(long position, Span<byte> destination)
    {
        int total = 0;
        try
        {
            while (total < destination.Length)
            {
                int read = RandomAccess.Read(handle, destination[total..], position + total);
                if (read == 0)
                {
                    break;
                }

                total += read;
            }

            return total;
        }
        catch (Exception e) when (e is IOException or NotSupportedException)
        {
            throw Errno.ToException(e, "pread", Path);
        }
    }

    public unsafe void Write(long position, ReadOnlySpan<byte> source)
    {
        // Our own call: the runtime's loop would spin for ever on a kernel that takes nothing and reports nothing.
        while (source.Length > 0)
        {
            nint written;
            fixed (byte* bytes = source)
            {
                written = LibC.Write(handle, bytes, (nuint)source.Length, position);
            }

            if (written < 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                if (errno == LibC.Eintr)
                {
                    continue;
                }

                throw Errno.ToException(errno, "pwrite", Path);
            }

            if (written == 0)
            {
                throw new StorageException(StorageError.ShortWrite, "pwrite", Path,
                    $"nothing of {source.Length} bytes at {position} was taken, and no reason given");
            }

            source = source[(int)written..];
            position += written;
        }
    }

    public void Allocate(long lengthBytes)
    {
        if (OperatingSystem.IsMacOS())
        {
            Truncate(lengthBytes); // no posix_fallocate there; a full disk is then found by the write
            return;
        }

        int error;
        do
        {
            error = LibC.Allocate(handle, 0, lengthBytes);
        }
        while (error == LibC.Eintr);
        if (error != 0)
        {
            throw Errno.ToException(error, "posix_fallocate", Path);
        }
    }

    public void Truncate(long lengthBytes)
    {
        try
        {
            RandomAccess.SetLength(handle, lengthBytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw Errno.ToException(e, "ftruncate", Path);
        }
    }

    public void DataSync()
    {
        // One attempt, except when a signal came before anything happened: a second try after EIO reports success for lost pages.
        int result;
        do
        {
            result = OperatingSystem.IsMacOS() ? LibC.Sync(handle) : LibC.DataSync(handle);
        }
        while (result != 0 && Marshal.GetLastPInvokeError() == LibC.Eintr);
        if (result != 0 && !PlantedBugs.IsOn(PlantedBug.IgnoreSyncError))
        {
            throw Errno.ToException(Marshal.GetLastPInvokeError(), "fdatasync", Path);
        }

        ThrowIfShutDown();
        ThrowIfRemoved();
    }

    public void DropCache(long position)
    {
        if (OperatingSystem.IsLinux())
        {
            // Advice: where the kernel cannot follow it, nothing is worse than before.
            _ = LibC.Advise(handle, position, 0, LibC.AdviceDontNeed);
        }
    }

    /// <summary>
    /// A file system that gives up while it syncs may report success: its journal is dead, so freshly allocated blocks never become part of
    /// the file, but nothing was left to wait for. From then on it refuses: ext4 a write even of nothing, xfs a seek. Both cost less than a
    /// microsecond.
    /// </summary>
    private unsafe void ThrowIfShutDown()
    {
        if ((isWritable && LibC.Write(handle, null, 0, 0) < 0) || LibC.Seek(handle, 0, LibC.SeekFromCurrent) < 0)
        {
            throw Errno.ToException(Marshal.GetLastPInvokeError(), "fdatasync", Path);
        }
    }

    /// <summary>What was written to a file without a name is synced, and yet no restart will ever find it.</summary>
    private void ThrowIfRemoved()
    {
        if (_countsNames && HasName(handle) == false)
        {
            throw new StorageException(StorageError.NotFound, "fdatasync", Path, "somebody removed the file while it was in use");
        }
    }

    private static unsafe bool? HasName(SafeFileHandle handle)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        byte* facts = stackalloc byte[FactsBytes];
        return LibC.Describe(handle, "", LibC.DescribeHandle, LibC.DescribeLinks, facts) == 0 && (*(uint*)facts & LibC.DescribeLinks) != 0
            ? *(uint*)(facts + LinksPosition) > 0 : null;
    }

    public IMappedRegion Map(long lengthBytes) => DiskMappedRegion.Map(handle, Path, 0, lengthBytes);

    public IMappedRegion MapResident(long position, int lengthBytes)
    {
        DiskMappedRegion region = DiskMappedRegion.Map(handle, Path, position, lengthBytes);
        try
        {
            region.Lock(Path);
            return region;
        }
        catch
        {
            region.Dispose();
            throw;
        }
    }

    public void Dispose() => handle.Dispose();
}
