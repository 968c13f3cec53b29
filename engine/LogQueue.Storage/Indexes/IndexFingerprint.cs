using LogQueue.Records.Checksums;
using LogQueue.Storage.Files;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Indexes;

/// <summary>
/// Length and CRC-32C of a segment's offset, time and transaction index: a flipped bit in an index can look right and still hide records,
/// so an index
/// file is trusted only when it is the one that was written. Immutable.
/// </summary>
internal readonly record struct IndexFingerprint(int OffsetIndexBytes, uint OffsetIndexChecksum, int TimeIndexBytes, uint TimeIndexChecksum)
{
    private const int ChunkBytes = 64 << 10;

    /// <summary>The transaction index; there is no file without aborted transactions.</summary>
    public FileFingerprint Transactions { get; init; } = FileFingerprint.Missing;

    /// <summary>Reads the files; a missing one has length -1.</summary>
    internal static IndexFingerprint Of(IStorageDevice device, string offsetIndexPath, string timeIndexPath, string transactionIndexPath)
    {
        FileFingerprint offsets = Read(device, offsetIndexPath);
        FileFingerprint times = Read(device, timeIndexPath);
        return new IndexFingerprint(offsets.Bytes, offsets.Checksum, times.Bytes, times.Checksum)
        {
            Transactions = Read(device, transactionIndexPath),
        };
    }

    /// <summary>Reads one file; a missing one has length -1.</summary>
    internal static FileFingerprint Read(IStorageDevice device, string path)
    {
        if (!device.FileExists(path))
        {
            return FileFingerprint.Missing;
        }

        using IStorageFile file = device.Open(path, StorageOpenMode.Read);
        using PooledBuffer buffer = PooledBuffer.Rent(ChunkBytes);
        long position = 0;
        uint checksum = 0;
        for (int read; (read = file.Read(position, buffer.Span)) > 0; position += read)
        {
            checksum = Crc32C.Append(checksum, buffer.Span[..read]);
        }

        return new FileFingerprint((int)Math.Min(int.MaxValue, position), checksum);
    }
}
