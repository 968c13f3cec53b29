using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.Storage.Segments;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Repair;

/// <summary>
/// Makes the damage of a partition permanent so that it takes appends again. Offline: nobody else has the directory. Used once.
/// </summary>
/// <remarks>
/// Every byte of every segment is checked first. Then, for each segment with damage: the damaged bytes are copied to <c>lost+found</c>; the
/// intact batches, with an <see cref="EmptyBatch"/> in place of each hole, are written to a file beside it and synced; the indexes go; the
/// new file takes the log's name; the old seal goes. Each step is durable before the next, so after a power cut at any of them the segment
/// is either as it was (and damaged) or repaired. Missing segments are replaced by a segment with an empty batch.
/// </remarks>
internal sealed class PartitionRepair(PartitionLogContext context, string directory, LogOptions options)
{
    private const int ChunkBytes = 1 << 20;

    private readonly IStorageDevice _device = context.Device;

    /// <summary>
    /// Reads all of the partition and tells what is lost; with <paramref name="acceptLoss"/> repairs it. Finding does what every open does:
    /// it cuts unsynced torn tails and rebuilds caches. Throws <see cref="StorageException"/>.
    /// </summary>
    public RepairReport Run(bool acceptLoss)
    {
        LogRecovery found = Recover();
        DamagedRange[] damage = [.. found.Damage.Where(range => range.ToOffset > found.LogStartOffset).OrderBy(static r => r.FromOffset)];
        List<string> kept = [];
        if (!acceptLoss || damage.Length == 0)
        {
            return new RepairReport(damage, kept, found.LogStartOffset, found.LogEndOffset);
        }

        ReadOnlySpan<LogSegment> segments = found.Segments.Snapshot;
        foreach (IGrouping<long, DamagedRange> segment in damage.GroupBy(static range => range.SegmentBaseOffset))
        {
            if (segment.Key >= 0)
            {
                Rewrite(segments[SegmentList.Find(segments, segment.Key)], [.. segment], found.Epochs, kept);
                continue;
            }

            foreach (DamagedRange missing in segment)
            {
                Create(missing, found.Epochs, TimeNear(segments, missing.FromOffset));
            }
        }

        QuarantineFile.Save(_device, directory, new HashSet<long>());
        LogRecovery after = Recover();
        return after.Damage.Count == 0
            ? new RepairReport(damage, kept, after.LogStartOffset, after.LogEndOffset)
            : throw new CorruptLogException(directory, after.Damage[0].FromPosition, "an intact log after the repair", after.Damage[0].What);
    }

    private LogRecovery Recover()
    {
        var recovery = new LogRecovery(context, directory, options, cleanShutdown: false) { IsThorough = true };
        recovery.Run();
        foreach (LogSegment segment in recovery.Segments.Snapshot)
        {
            segment.Close();
        }

        return recovery;
    }

    private void Rewrite(LogSegment segment, DamagedRange[] holes, LeaderEpochCheckpoint epochs, List<string> kept)
    {
        string path = segment.PathOf(SegmentFileName.Log);
        foreach (DamagedRange hole in holes)
        {
            if (hole.ToPosition > hole.FromPosition)
            {
                kept.Add(LostAndFound.Copy(_device, path, hole.FromPosition, hole.ToPosition));
            }
        }

        string aside = path + ".tmp";
        long bytes = WriteAside(aside, path, segment, holes, epochs);
        _device.DeleteIfExists(segment.PathOf(SegmentFileName.OffsetIndex));
        _device.DeleteIfExists(segment.PathOf(SegmentFileName.TimeIndex));
        if (bytes == _device.FileLength(path))
        {
            // The old seal would seem to fit: then, and only then, it goes first, and a power cut here leaves the batches' own checksums.
            _device.DeleteIfExists(segment.PathOf(SegmentFileName.Seal));
        }

        ForgetPosition(segment);
        _device.SyncDirectory(directory);
        _device.Rename(aside, path);
        _device.SyncDirectory(directory);
        _device.DeleteIfExists(segment.PathOf(SegmentFileName.Seal));
        _device.SyncDirectory(directory);
    }

    /// <summary>Where batches end in this segment will change: the checkpoint keeps its offsets, and vouches for no position.</summary>
    private void ForgetPosition(LogSegment segment)
    {
        if (RecoveryCheckpoint.TryLoad(_device, directory) is { } checkpoint && checkpoint.SegmentBaseOffset == segment.BaseOffset)
        {
            (checkpoint with
            {
                Generation = checkpoint.Generation + 1,
                SegmentBaseOffset = long.MaxValue,
                Position = 0,
                Indexes = null,
                IsDense = false,
            }).Save(_device, directory);
        }
    }

    private long WriteAside(string aside, string path, LogSegment segment, DamagedRange[] holes, LeaderEpochCheckpoint epochs)
    {
        _device.DeleteIfExists(aside);
        using IStorageFile source = _device.Open(path, StorageOpenMode.Read);
        using IStorageFile target = _device.Open(aside, StorageOpenMode.CreateNew);
        long written = 0;
        long read = 0;
        foreach (DamagedRange hole in holes)
        {
            Copy(source, read, hole.FromPosition, target, ref written);
            byte[] filler = EmptyBatch.Build(hole.FromOffset, hole.ToOffset, Math.Max(0, epochs.EpochOf(hole.FromOffset)),
                segment.MaxTimestampMs);
            target.Write(written, filler);
            written += filler.Length;
            read = hole.ToPosition;
        }

        Copy(source, read, Math.Max(read, segment.SizeBytes), target, ref written);
        target.DataSync();
        return written;
    }

    private static void Copy(IStorageFile source, long from, long to, IStorageFile target, ref long written)
    {
        using PooledBuffer chunk = PooledBuffer.Rent(ChunkBytes);
        while (from < to)
        {
            Span<byte> bytes = chunk.Span[..source.Read(from, chunk.Span[..(int)Math.Min(ChunkBytes, to - from)])];
            if (bytes.IsEmpty)
            {
                throw new CorruptLogException(source.Path, from, $"{to} bytes", "the end of the file");
            }

            target.Write(written, bytes);
            written += bytes.Length;
            from += bytes.Length;
        }
    }

    private void Create(DamagedRange missing, LeaderEpochCheckpoint epochs, long timestampMs)
    {
        string path = SegmentFileName.PathOf(directory, missing.FromOffset, SegmentFileName.Log);
        if (_device.FileExists(path) && _device.FileLength(path) > 0)
        {
            LostAndFound.Move(_device, path); // an orphan that the log did not count
        }

        _device.ReplaceDurably(path, EmptyBatch.Build(missing.FromOffset, missing.ToOffset,
            Math.Max(0, epochs.EpochOf(missing.FromOffset)), timestampMs));
    }

    /// <summary>A time for a batch without records, so that retention by time treats its segment as its neighbours.</summary>
    private static long TimeNear(ReadOnlySpan<LogSegment> segments, long offset)
    {
        long time = -1;
        foreach (LogSegment segment in segments)
        {
            if (segment.MaxTimestampMs >= 0 && (time < 0 || segment.BaseOffset <= offset))
            {
                time = segment.MaxTimestampMs;
            }
        }

        return time;
    }
}
