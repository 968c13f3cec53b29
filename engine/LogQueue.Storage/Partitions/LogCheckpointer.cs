using LogQueue.Storage.Files;
using LogQueue.Storage.Indexes;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>Keeps the recovery checkpoint and the producer snapshot that belongs to it. Guarded by the commit lock.</summary>
internal sealed class LogCheckpointer(PartitionLogContext context, string directory, LogRecovery recovered)
{
    private RecoveryCheckpoint? _last = recovered.Checkpoint;
    private long _snapshotOffset = -1;
    private long _durableEnd = recovered.LogEndOffset; // recovery has synced it, also where damage kept it from saying so
    private long _segmentBase = recovered.Segments.Active.BaseOffset;
    private long _position = recovered.Segments.Active.SizeBytes;
    private long _bytesSince;

    /// <summary>The segment that may lack offsets: what is rolled later never does. -1: none.</summary>
    private long _gappyBase = recovered.Segments.Active.Integrity.AllowGaps ? recovered.Segments.Active.BaseOffset : -1;

    /// <summary>The log start that is durable; -1 when none was ever saved.</summary>
    public long SavedLogStart => _last?.LogStartOffset ?? -1;

    /// <summary>Notes what the last sync covered.</summary>
    public void Synced(long durableEnd, long segmentBase, long position)
    {
        Volatile.Write(ref _bytesSince, _bytesSince + (segmentBase == _segmentBase ? position - _position : position + 1));
        _durableEnd = durableEnd;
        _segmentBase = segmentBase;
        _position = position;
    }

    /// <summary>Up to where a segment is durable; false when another segment than the last synced one is asked for.</summary>
    public bool TryGetPosition(long segmentBase, out long position)
    {
        position = _position;
        return _segmentBase == segmentBase;
    }

    /// <summary>Bytes synced since the last checkpoint; may be read without the lock.</summary>
    public long BytesSince => Volatile.Read(ref _bytesSince);

    /// <summary>True when enough was written since the last checkpoint.</summary>
    public bool IsDue(long bytes) => BytesSince >= bytes;

    /// <summary>Saves now; with the index files when the log closes. Throws <see cref="StorageException"/>.</summary>
    public void Save(long logStart, IndexFingerprint? closedIndexes = null)
    {
        var next = new RecoveryCheckpoint((_last?.Generation ?? 0) + 1, logStart, _durableEnd, _segmentBase, _position)
        {
            Indexes = closedIndexes,
            IsDense = _segmentBase != _gappyBase,
            Transactions = closedIndexes?.Transactions
                ?? IndexFingerprint.Read(context.Device, SegmentFileName.PathOf(directory, _segmentBase, SegmentFileName.TransactionIndex)),
        };
        next.Save(context.Device, directory);
        _last = next;
        Volatile.Write(ref _bytesSince, 0);
    }

    /// <summary>The log is about to be cut: recovery must not expect what follows. Saves. Throws <see cref="StorageException"/>.</summary>
    public void CutTo(long logStart, long durableEnd, long segmentBase, long position)
    {
        _durableEnd = durableEnd;
        _segmentBase = segmentBase;
        _position = position;
        _gappyBase = segmentBase; // the cleaner may have been in it
        Save(logStart);
    }

    /// <summary>Saves the producer state as of an offset, and drops the one saved before, unless it belongs to a segment.</summary>
    public void SaveSnapshot(long offset, byte[] snapshot, ReadOnlySpan<LogSegment> segments)
    {
        if (offset == _snapshotOffset)
        {
            return;
        }

        context.Device.ReplaceCache(SegmentFileName.PathOf(directory, offset, SegmentFileName.Snapshot), snapshot);
        long old = _snapshotOffset;
        _snapshotOffset = offset;
        foreach (LogSegment segment in segments)
        {
            if (segment.BaseOffset == old)
            {
                return;
            }
        }

        if (old >= 0)
        {
            context.Device.DeleteIfExists(SegmentFileName.PathOf(directory, old, SegmentFileName.Snapshot));
        }
    }
}
