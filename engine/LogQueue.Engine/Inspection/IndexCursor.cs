using LogQueue.Records.Checksums;
using LogQueue.Wire.Memory;
using Microsoft.Win32.SafeHandles;

namespace LogQueue.Engine.Inspection;

/// <summary>
/// Walks the entries of an index file with bounded memory. What is zero to the end is preallocated and no entry. Not thread-safe.
/// </summary>
internal sealed class IndexCursor : IDisposable
{
    private const int ChunkBytes = 48 << 10; // whole entries of 8, of 12 and of 16 bytes

    private readonly SafeFileHandle _file;
    private readonly int _entryBytes;
    private readonly PooledBuffer _chunk = PooledBuffer.Rent(ChunkBytes);
    private long _chunkStart;
    private int _chunkLength;
    private long _usedBytes;

    private IndexCursor(string path, int entryBytes)
    {
        Path = path;
        _entryBytes = entryBytes;
        _file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Where the current entry is in the file.</summary>
    public long Position { get; private set; }

    /// <summary>Bytes of the file.</summary>
    public long FileBytes { get; private set; }

    /// <summary>CRC-32C of the whole file.</summary>
    public uint Checksum { get; private set; }

    /// <summary>Opens an index; null when there is none.</summary>
    public static IndexCursor? TryOpen(string path, int entryBytes)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var cursor = new IndexCursor(path, entryBytes);
        cursor.Measure();
        return cursor;
    }

    /// <summary>The current entry; false after the last.</summary>
    public bool TryPeek(out ReadOnlySpan<byte> entry)
    {
        if (Position + _entryBytes > _usedBytes || !Load())
        {
            entry = default;
            return false;
        }

        entry = _chunk.Span.Slice((int)(Position - _chunkStart), _entryBytes);
        return true;
    }

    public void Advance() => Position += _entryBytes;

    public void Dispose()
    {
        _chunk.Dispose();
        _file.Dispose();
    }

    private void Measure()
    {
        long used = 0;
        for (int read; (read = RandomAccess.Read(_file, _chunk.Span[..ChunkBytes], FileBytes)) > 0; FileBytes += read)
        {
            ReadOnlySpan<byte> bytes = _chunk.Span[..read];
            Checksum = Crc32C.Append(Checksum, bytes);
            int last = bytes.LastIndexOfAnyExcept((byte)0);
            used = last >= 0 ? FileBytes + last + 1 : used;
        }

        // The last entry may end with zero bytes.
        _usedBytes = Math.Min((used + _entryBytes - 1) / _entryBytes * _entryBytes, FileBytes / _entryBytes * _entryBytes);
    }

    private bool Load()
    {
        if (_chunkLength > 0 && Position >= _chunkStart && Position + _entryBytes <= _chunkStart + _chunkLength)
        {
            return true;
        }

        _chunkStart = Position;
        _chunkLength = RandomAccess.Read(_file, _chunk.Span[..ChunkBytes], Position);
        return _chunkLength >= _entryBytes;
    }
}
