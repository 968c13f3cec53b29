using System.Runtime.InteropServices;

namespace LogQueue.Storage.Files;

/// <summary>
/// The system calls that .NET does not offer, or offers without their errors: its flush-to-disk swallows EIO on this runtime.
/// Each sets the last P/Invoke error. Thread-safe.
/// </summary>
internal static partial class LibC
{
    internal const int LockExclusive = 2;
    internal const int LockNonBlocking = 4;
    internal const int ProtRead = 1;
    internal const int MapShared = 1;
    internal const int AdviceDontNeed = 4;
    internal const int SeekFromCurrent = 1;
    internal const int DescribeHandle = 0x1000; // AT_EMPTY_PATH
    internal const uint DescribeLinks = 4; // STATX_NLINK
    internal const int Eintr = 4;
    internal const int Einval = 22;

    /// <summary>RLIMIT_NOFILE.</summary>
    internal static int OpenFilesLimit => OperatingSystem.IsMacOS() ? 8 : 7;

    /// <summary>O_RDONLY | O_CLOEXEC.</summary>
    internal static int OpenReadOnly => OperatingSystem.IsMacOS() ? 0x1000000 : 0x80000;

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    internal static partial int DataSync(SafeHandle file);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    internal static partial int DataSync(int file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    internal static partial int Sync(SafeHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    internal static partial int Sync(int file);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int file);

    [LibraryImport("libc", EntryPoint = "pipe", SetLastError = true)]
    internal static unsafe partial int Pipe(int* ends);

    /// <summary>Returns the bytes written, fewer than given where the kernel stopped; -1 on error.</summary>
    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    internal static unsafe partial nint Write(SafeHandle file, byte* source, nuint lengthBytes, long position);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    internal static partial long Seek(SafeHandle file, long offset, int from);

    /// <summary>Linux only. Returns the error number itself; does not set errno.</summary>
    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    internal static partial int Advise(SafeHandle file, long position, long lengthBytes, int advice);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    internal static partial int Lock(SafeHandle file, int operation);

    /// <summary>Returns the error number itself; does not set errno.</summary>
    [LibraryImport("libc", EntryPoint = "posix_fallocate")]
    internal static partial int Allocate(SafeHandle file, long position, long lengthBytes);

    /// <summary>Two numbers: the soft limit and the hard one.</summary>
    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    internal static unsafe partial int GetLimit(int resource, ulong* softAndHard);

    /// <summary>Two numbers: the soft limit and the hard one.</summary>
    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    internal static unsafe partial int SetLimit(int resource, ulong* softAndHard);

    /// <summary>
    /// Linux only. Fills a <c>struct statx</c>, the same on every architecture: 256 bytes, the mask of what is known first, the number of
    /// names at byte 16.
    /// </summary>
    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static unsafe partial int Describe(SafeHandle file, string path, int flags, uint mask, byte* facts);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    internal static partial nint Map(nint address, nuint lengthBytes, int protection, int flags, SafeHandle file, long position);

    [LibraryImport("libc", EntryPoint = "mlock", SetLastError = true)]
    internal static partial int LockPages(nint address, nuint lengthBytes);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    internal static partial int Unmap(nint address, nuint lengthBytes);
}
