using LogQueue.Records.Checksums;
using LogQueue.Storage.Files;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Indexes;

/// <summary>
/// Length and CRC-32C of a segment's offset and time index: a flipped bit in an index can look right and still hide records, so an index
/// file is trusted only when it is the one that was written. Immutable.
/// </summary>
internal readonly record struct IndexFingerprint(int OffsetIndexBytes, uint OffsetIndexChecksum, int TimeIndexBytes, uint TimeIndexChecksum)
{
    private const int ChunkBytes = 64 << 10;

    /// <summary>Reads both files; a missing one has length -1.</summary>
    internal static IndexFingerprint Of(IStorageDevice device, string offsetIndexPath, string timeIndexPath)
    {
        (int offsetBytes, uint offsetChecksum) = Read(device, offsetIndexPath);
        (int timeBytes, uint timeChecksum) = Read(device, timeIndexPath);
        return new IndexFingerprint(offsetBytes, offsetChecksum, timeBytes, timeChecksum);
    }

    private static (int Bytes, uint Checksum) Read(IStorageDevice device, string path)
    {
        if (!device.FileExists(path))
        {
            return (-1, 0);
        }

        using IStorageFile file = device.Open(path, StorageOpenMode.Read);
        using PooledBuffer buffer = PooledBuffer.Rent(ChunkBytes);
        long position = 0;
        uint checksum = 0;
        for (int read; (read = file.Read(position, buffer.Span)) > 0; position += read)
        {
            checksum = Crc32C.Append(checksum, buffer.Span[..read]);
        }

        return ((int)Math.Min(int.MaxValue, position), checksum);
    }
}
