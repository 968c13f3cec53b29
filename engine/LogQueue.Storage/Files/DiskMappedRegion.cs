using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LogQueue.Storage.Files;

/// <summary>
/// A read-only shared map of a range of a file. The file handle may be closed while it lives. Readers only before Dispose.
/// </summary>
internal sealed class DiskMappedRegion : IMappedRegion
{
    private readonly int _length;
    private nint _address;

    private DiskMappedRegion(nint address, int length)
    {
        _address = address;
        _length = length;
    }

    public unsafe ReadOnlySpan<byte> Span
    {
        get
        {
            ObjectDisposedException.ThrowIf(_address == 0 && _length > 0, this);
            return new ReadOnlySpan<byte>((void*)_address, _length);
        }
    }

    internal static DiskMappedRegion Map(SafeFileHandle handle, string path, long position, long lengthBytes)
    {
        int length = checked((int)lengthBytes);
        if (length == 0)
        {
            return new DiskMappedRegion(0, 0);
        }

        nint address = LibC.Map(0, (nuint)length, LibC.ProtRead, LibC.MapShared, handle, position);
        return address == -1
            ? throw Errno.ToException(Marshal.GetLastPInvokeError(), "mmap", path)
            : new DiskMappedRegion(address, length);
    }

    /// <summary>Reads all pages and keeps them in memory until <see cref="Dispose"/>.</summary>
    internal void Lock(string path)
    {
        if (LibC.LockPages(_address, (nuint)_length) != 0)
        {
            throw Errno.ToException(Marshal.GetLastPInvokeError(), "mlock", path);
        }
    }

    public void Dispose()
    {
        nint address = Interlocked.Exchange(ref _address, 0);
        if (address != 0 && LibC.Unmap(address, (nuint)_length) != 0)
        {
            throw Errno.ToException(Marshal.GetLastPInvokeError(), "munmap", "(mapped file)");
        }
    }
}
