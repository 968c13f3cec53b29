using LogQueue.Storage.Files;
using Microsoft.Win32.SafeHandles;

namespace LogQueue.TestKit.Storage;

/// <summary>An open file of the simulated disk. Thread-safe.</summary>
internal sealed class SimulatedStorageFile(SimulatedStorageDevice device, string path, SimulatedInode inode, bool writable) : IStorageFile
{
    private int _toldOfLostWrites = inode.LostWrites;
    private bool _disposed;

    public string Path { get; } = path;

    public SafeFileHandle? Handle => null;

    /// <summary>
    /// The kernel fails to write what is unsynced of a file in the background. The next sync of a handle that is open now says so; one that is
    /// opened afterwards succeeds, as on Linux once the file was out of memory or somebody else was told.
    /// </summary>
    public static void FailWriteBack(SimulatedStorageDevice device, string path)
    {
        using var file = (SimulatedStorageFile)device.Open(path, StorageOpenMode.Read);
        file.LoseWrites();
    }

    public long Length
    {
        get
        {
            ThrowIfClosed();
            return device.Length(Path, inode);
        }
    }

    public int Read(long position, Span<byte> destination)
    {
        ThrowIfClosed();
        return device.Read(Path, inode, position, destination);
    }

    public void Write(long position, ReadOnlySpan<byte> source)
    {
        ThrowIfReadOnly();
        device.Write(Path, inode, position, source);
    }

    public void Allocate(long lengthBytes)
    {
        ThrowIfReadOnly();
        device.Allocate(Path, inode, lengthBytes);
    }

    public void Truncate(long lengthBytes)
    {
        ThrowIfReadOnly();
        device.Truncate(Path, inode, lengthBytes);
    }

    public void DataSync()
    {
        ThrowIfClosed();
        device.Sync(Path, inode, ref _toldOfLostWrites);
    }

    public void DropCache(long position)
    {
        ThrowIfClosed();
        device.DropCache(Path, inode, position);
    }

    public IMappedRegion Map(long lengthBytes)
    {
        ThrowIfClosed();
        device.Mapped(Path, lengthBytes);
        return new Region(inode, 0, checked((int)lengthBytes));
    }

    public IMappedRegion MapResident(long position, int lengthBytes)
    {
        ThrowIfClosed();
        device.Mapped(Path, position + lengthBytes);
        return new Region(inode, checked((int)position), lengthBytes);
    }

    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            device.FileClosed();
        }
    }

    private void LoseWrites() => inode.FailWriteBack(new Random(1));

    private void ThrowIfClosed() => ObjectDisposedException.ThrowIf(_disposed, this);

    private void ThrowIfReadOnly()
    {
        ThrowIfClosed();
        if (!writable)
        {
            throw new InvalidOperationException($"'{Path}' was opened for reading and is written.");
        }
    }

    private sealed class Region(SimulatedInode inode, int position, int length) : IMappedRegion
    {
        private bool _disposed;

        public ReadOnlySpan<byte> Span
        {
            get
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (inode.Length < position + length)
                {
                    throw new InvalidOperationException("A mapped file was shortened under its map: on a real disk this kills the process.");
                }

                return inode.Bytes.AsSpan(position, length);
            }
        }

        public void Dispose() => _disposed = true;
    }
}
