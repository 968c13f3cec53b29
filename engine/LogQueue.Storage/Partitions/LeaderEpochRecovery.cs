using LogQueue.Records;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// Kafka's epoch file has no checksum, so it is held against the batches: each epoch must begin where the file says. A file that does not
/// stand the comparison is made again from the batches. Stateless.
/// </summary>
internal static class LeaderEpochRecovery
{
    /// <summary>Reads the file; null when it is missing or its first epoch is not that of the first batch.</summary>
    internal static LeaderEpochCheckpoint? TryLoad(IStorageDevice device, string directory, List<long> segments)
    {
        LeaderEpochCheckpoint? epochs = LeaderEpochCheckpoint.TryLoad(device, directory);
        if (epochs is null or { Count: 0 } || segments.Count == 0)
        {
            return epochs;
        }

        using IStorageFile log = device.Open(SegmentFileName.PathOf(directory, segments[0], SegmentFileName.Log), StorageOpenMode.Read);
        Span<byte> header = stackalloc byte[RecordBatchLayout.HeaderBytes];
        if (log.Read(0, header) < header.Length || header[RecordBatchLayout.MagicPosition] != 2)
        {
            return epochs; // nothing to hold it against
        }

        var first = new RecordBatchView(header);
        return epochs.EpochOf(first.BaseOffset) == first.PartitionLeaderEpoch ? epochs : null;
    }

    /// <summary>
    /// True when every later epoch begins at a batch of that epoch, behind one of the epoch before, and the last batch has the last epoch.
    /// A log that was ours when it was last written has had no new epoch since: there a last batch of another epoch is damaged.
    /// </summary>
    internal static bool IsRight(LeaderEpochCheckpoint epochs, SegmentList segments, bool isOurs)
    {
        foreach ((int epoch, long start) in epochs.Entries.Skip(1))
        {
            if (EpochAt(segments, start, out long baseOffset) is { } found && (found != epoch || baseOffset != start))
            {
                return false;
            }

            if (EpochAt(segments, start - 1, out _) is { } before && before >= epoch)
            {
                return false;
            }
        }

        return segments.Count == 0 || isOurs || EpochAt(segments, segments.Active.NextOffset - 1, out _) is not { } last
            || last == epochs.Latest || segments.Active.SizeBytes == 0;
    }

    /// <summary>Makes the epochs from the batches. An epoch above those of later batches is damage of that batch, not an epoch.</summary>
    internal static LeaderEpochCheckpoint Rebuild(SegmentList segments)
    {
        List<(int Epoch, long Start)> runs = [];
        foreach (LogSegment segment in segments.Snapshot)
        {
            if (segment.Log.TryAcquire())
            {
                try
                {
                    Collect(segment, runs);
                }
                finally
                {
                    segment.Log.Release();
                }
            }
        }

        int least = int.MaxValue;
        for (int i = runs.Count - 1; i >= 0; i--)
        {
            if (runs[i].Epoch > least)
            {
                runs.RemoveAt(i);
            }
            else
            {
                least = runs[i].Epoch;
            }
        }

        var epochs = new LeaderEpochCheckpoint();
        foreach ((int epoch, long start) in runs)
        {
            epochs.TryAdd(epoch, start);
        }

        return epochs;
    }

    private static void Collect(LogSegment segment, List<(int Epoch, long Start)> runs)
    {
        using var probe = new BatchProbe(segment.Log.File, segment.SizeBytes);
        long expected = segment.BaseOffset;
        for (long position = 0; position < segment.SizeBytes;)
        {
            ReadOnlySpan<byte> header = probe.Peek(position, RecordBatchLayout.HeaderBytes);
            if (!RecordBatchView.TryReadSize(header, out int size) || header.Length < RecordBatchLayout.HeaderBytes)
            {
                return;
            }

            var batch = new RecordBatchView(header);
            if (batch.BaseOffset < expected || batch.LastOffsetDelta < 0)
            {
                return; // damage: what follows in this segment is not asked
            }

            if (batch.PartitionLeaderEpoch >= 0 && (runs.Count == 0 || runs[^1].Epoch != batch.PartitionLeaderEpoch))
            {
                runs.Add((batch.PartitionLeaderEpoch, batch.BaseOffset));
            }

            expected = batch.NextOffset;
            position += size;
        }
    }

    /// <summary>The epoch of the batch that holds an offset or follows it; null when there is none.</summary>
    private static int? EpochAt(SegmentList segments, long offset, out long baseOffset)
    {
        baseOffset = -1;
        ReadOnlySpan<LogSegment> all = segments.Snapshot;
        int slot = SegmentList.Find(all, offset);
        if (slot < 0 || !all[slot].Log.TryAcquire())
        {
            return null;
        }

        try
        {
            BatchLocation at = SegmentReader.FindBatch(all[slot], offset, all[slot].SizeBytes);
            Span<byte> header = stackalloc byte[RecordBatchLayout.HeaderBytes];
            if (at.Outcome != BatchSearch.Found || all[slot].Log.File.Read(at.Position, header) < header.Length)
            {
                return null;
            }

            baseOffset = at.BaseOffset;
            return new RecordBatchView(header).PartitionLeaderEpoch;
        }
        finally
        {
            all[slot].Log.Release();
        }
    }
}
