using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// What one log wrote since it was last made durable, small enough to go through the commit journal. Holds a lease on the segment's file
/// until <see cref="Release"/>. One owner.
/// </summary>
internal readonly record struct PendingCommit(
    PartitionLog Log, int CutCount, LogSegment Segment, long Position, int SizeBytes, long EndOffset)
{
    /// <summary>Where the bytes end in the segment.</summary>
    public long EndPosition => Position + SizeBytes;

    /// <summary>Name of the partition's directory.</summary>
    public string DirectoryName => Path.GetFileName(Log.Directory);

    /// <summary>Reads the bytes from the page cache. Throws <see cref="StorageException"/>.</summary>
    public void CopyTo(Span<byte> destination)
    {
        int read = Segment.Log.File.Read(Position, destination[..SizeBytes]);
        if (read < SizeBytes)
        {
            throw new StorageException(StorageError.Other, "pread", Segment.Log.Path,
                $"the file ends at {Position + read}, but {EndPosition} bytes of it were written");
        }
    }

    /// <summary>Ends the lease.</summary>
    public void Release() => Segment.Log.Release();
}
