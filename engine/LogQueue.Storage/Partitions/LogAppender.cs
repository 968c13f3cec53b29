using LogQueue.Records;
using LogQueue.Storage.Indexes;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// Everything that happens under the append lock: sequence check, roll, stamp, write, index, publish. Guarded by that lock.
/// </summary>
internal sealed class LogAppender(PartitionLogContext context, string directory, LogState state, LogOffsets offsets,
    List<RolledSegment> rolled)
{
    private readonly int _directoryHash = directory.GetHashCode(StringComparison.Ordinal);

    /// <summary>Appends checked batches. Throws <see cref="StorageException"/> with the log as it was before.</summary>
    public AppendResult AppendLocked(Span<byte> batches, AppendOrigin origin, LogOptions options, long nowMs)
    {
        if (CheckProducer(new RecordBatchView(batches), origin) is { } refused)
        {
            return refused;
        }

        long baseOffset = offsets.LogEnd;
        bool setsTime = options.TimestampType == TimestampType.LogAppendTime;
        long nextOffset = Stamp(batches, baseOffset, setsTime ? nowMs : -1, out long maxTimestamp);
        LogSegment active = RollIfDue(batches.Length, nextOffset, maxTimestamp, options, nowMs);
        long position = active.SizeBytes;
        if (PlantedBugs.IsOn(PlantedBug.PublishEndBeforeWrite))
        {
            PublishEnd(nextOffset);
        }

        active.Write(batches, options.PreallocateFirstBytes, options.PreallocateStepBytes, options.SegmentBytes,
            context.Space);

        for (int at = 0; at < batches.Length;)
        {
            _ = RecordBatchView.TryReadSize(batches[at..], out int size);
            var batch = new RecordBatchView(batches.Slice(at, size));
            active.Index(batch, position + at, options.IndexIntervalBytes);
            if (batch.ProducerId >= 0 && state.Producers.Apply(batch, nowMs) is { } aborted)
            {
                active.TransactionIndex.Append(aborted);
            }

            at += size;
        }

        active.Publish(nextOffset, position + batches.Length);
        PublishEnd(nextOffset);
        return new AppendResult(AppendStatus.Appended, baseOffset, nextOffset - 1, setsTime ? nowMs : -1, offsets.LogStart, null);
    }

    /// <summary>Moves the high watermark, and with it the last stable offset. True when one of them moved.</summary>
    public bool AdvanceHighWatermarkLocked(long highWatermark)
    {
        highWatermark = Math.Max(highWatermark, offsets.HighWatermark);
        long before = offsets.LastStable;
        long stable = StableAt(highWatermark);
        bool moved = highWatermark != offsets.HighWatermark || stable != before;
        offsets.Set(offsets.LogStart, stable, highWatermark, offsets.LogEnd);
        return moved;
    }

    /// <summary>The last stable offset for a high watermark.</summary>
    public long StableAt(long highWatermark) =>
        Math.Max(offsets.LogStart, Math.Min(highWatermark, state.Producers.FirstUnstableOffset(highWatermark) ?? highWatermark));

    /// <summary>Starts a new segment at the log end, unless the active one is empty and begins there.</summary>
    public void RollLocked(long nowMs)
    {
        LogSegment old = state.Segments.Active;
        if (old.BaseOffset == offsets.LogEnd)
        {
            return;
        }

        LogSegment next = LogSegment.Create(context.Device, directory, offsets.LogEnd, context.FileBudget, context.MapBudget, nowMs);
        rolled.Add(new RolledSegment(old, next.BaseOffset, state.Producers.Count == 0 ? [] : ProducerSnapshot.ToBytes(state.Producers)));
        state.Segments.Add(next);
    }

    private void PublishEnd(long nextOffset)
    {
        if (context.PublishDurableOnly)
        {
            offsets.Set(offsets.LogStart, offsets.LastStable, offsets.HighWatermark, nextOffset);
        }
        else
        {
            offsets.Set(offsets.LogStart, offsets.LastStable, offsets.HighWatermark, nextOffset);
            _ = AdvanceHighWatermarkLocked(nextOffset);
        }
    }

    private AppendResult? CheckProducer(in RecordBatchView batch, AppendOrigin origin)
    {
        if (batch.IsControl || (origin == AppendOrigin.Internal && batch.ProducerId < 0))
        {
            return null;
        }

        SequenceVerdict verdict = state.Producers.Check(batch, out ProducerBatch original);
        return verdict switch
        {
            SequenceVerdict.Accept => null,
            SequenceVerdict.Duplicate => new AppendResult(
                AppendStatus.Duplicate, original.FirstOffset, original.LastOffset, -1, offsets.LogStart, null),
            SequenceVerdict.OutOfOrder => AppendResult.Refused(AppendStatus.OutOfOrderSequence, offsets.LogStart,
                $"Producer {batch.ProducerId} epoch {batch.ProducerEpoch}: sequence {batch.BaseSequence} does not follow its last one."),
            SequenceVerdict.InvalidEpoch => AppendResult.Refused(AppendStatus.InvalidProducerEpoch, offsets.LogStart,
                $"Producer {batch.ProducerId}: epoch {batch.ProducerEpoch} is older than one already seen."),
            _ => AppendResult.Refused(AppendStatus.InvalidTransactionState, offsets.LogStart,
                $"Producer {batch.ProducerId}: a batch that does not fit the state of its transaction in this partition."),
        };
    }

    private long Stamp(Span<byte> batches, long offset, long appendTimeMs, out long maxTimestamp)
    {
        maxTimestamp = -1;
        for (int at = 0; at < batches.Length;)
        {
            _ = RecordBatchView.TryReadSize(batches[at..], out int size);
            Span<byte> batch = batches.Slice(at, size);
            RecordBatchStamp.Stamp(batch, offset, state.LeaderEpoch);
            if (appendTimeMs >= 0)
            {
                RecordBatchStamp.StampLogAppendTime(batch, appendTimeMs);
            }

            var view = new RecordBatchView(batch);
            maxTimestamp = Math.Max(maxTimestamp, view.MaxTimestamp);
            offset = view.NextOffset;
            at += size;
        }

        return offset;
    }

    private uint JitterNumber(LogSegment active) => unchecked((uint)HashCode.Combine(_directoryHash, active.BaseOffset));

    private LogSegment RollIfDue(int bytes, long nextOffset, long maxTimestamp, LogOptions options, long nowMs)
    {
        LogSegment active = state.Segments.Active;
        bool endsEarly = active.NextOffset < offsets.LogEnd; // its last records were lost, and deleted since: no gap is left in a segment
        if (active.SizeBytes == 0 && !endsEarly)
        {
            return active;
        }

        // Age counts in record time, as in Kafka, so that a replay of old data makes the same segments.
        long age = active.FirstTimestampMs >= 0 && maxTimestamp >= 0 ? maxTimestamp - active.FirstTimestampMs
            : active.CreatedAtMs > 0 ? nowMs - active.CreatedAtMs : 0;
        bool isIndexFull = active.OffsetIndex.SizeBytes + OffsetIndex.EntryBytes > options.SegmentIndexBytes
            || active.TimeIndex.SizeBytes + TimeIndex.EntryBytes > options.SegmentIndexBytes;
        if (!endsEarly && active.SizeBytes + bytes <= options.SegmentBytes && age <= options.RollMs(JitterNumber(active)) && !isIndexFull
            && nextOffset - active.BaseOffset <= int.MaxValue)
        {
            return active;
        }

        RollLocked(nowMs);
        return state.Segments.Active;
    }
}
