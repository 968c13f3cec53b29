using Microsoft.Win32.SafeHandles;

namespace LogQueue.Storage.Files;

/// <summary>One open file. Positioned reads and writes may run concurrently; the owner orders truncation and disposal after them.</summary>
internal interface IStorageFile : IDisposable
{
    /// <summary>Its path, for messages.</summary>
    string Path { get; }

    /// <summary>Its length in bytes, asked from the device.</summary>
    long Length { get; }

    /// <summary>The handle for sendfile and the like; null on devices without one.</summary>
    SafeFileHandle? Handle { get; }

    /// <summary>
    /// Reads until the destination is full or the file ends. Returns the bytes read. Throws <see cref="StorageException"/>.
    /// </summary>
    int Read(long position, Span<byte> destination);

    /// <summary>Writes all bytes or throws <see cref="StorageException"/>; after a throw any prefix may be on the file.</summary>
    void Write(long position, ReadOnlySpan<byte> source);

    /// <summary>
    /// Makes real blocks up to <paramref name="lengthBytes"/> and grows the file to it. Throws NoSpace when there are none.
    /// </summary>
    void Allocate(long lengthBytes);

    /// <summary>Cuts or grows the file.</summary>
    void Truncate(long lengthBytes);

    /// <summary>fdatasync. A failure is final for the directory: the caller fences it and never syncs it again.</summary>
    void DataSync();

    /// <summary>
    /// Forgets what is cached of the file from a position on and not waiting to be written, so that the next read asks the disk: after a
    /// failed sync the cache may show bytes that the disk never got. Best effort.
    /// </summary>
    void DropCache(long position);

    /// <summary>Maps the first bytes read-only. Never truncate the file below them while mapped.</summary>
    IMappedRegion Map(long lengthBytes);

    /// <summary>
    /// Maps a range read-only and keeps its pages in memory, so that a look at them never asks the disk. The range begins at a multiple of
    /// 64 KiB and lies in the file; never truncate the file below its end while mapped. Throws OutOfMemory where the system refuses to lock
    /// so many pages, and InputOutput where the disk cannot read them.
    /// </summary>
    IMappedRegion MapResident(long position, int lengthBytes);
}

/// <summary>A read-only mapped range.</summary>
internal interface IMappedRegion : IDisposable
{
    /// <summary>The bytes; valid until disposed.</summary>
    ReadOnlySpan<byte> Span { get; }
}
