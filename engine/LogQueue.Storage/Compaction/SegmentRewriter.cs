using LogQueue.Records;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Compaction;

/// <summary>
/// Writes what stays of some neighbouring sealed segments into one new segment, under names that end in <c>.cleaned</c>: log, indexes and
/// seal, all of it synced when <see cref="Finish"/> returns. The sources are only read. One group; not thread-safe.
/// </summary>
internal sealed class SegmentRewriter : IDisposable
{
    private const int WriteBytes = 1 << 20;

    private readonly IStorageDevice _device;
    private readonly LogOptions _options;
    private readonly PooledBufferWriter _pending = new(64 << 10);
    private bool _isChanged;

    /// <summary>Creates the new segment's files. Throws <see cref="StorageException"/>.</summary>
    public SegmentRewriter(IStorageDevice device, LogSegment first, LogOptions options, LeaseBudget files, LeaseBudget maps)
    {
        _device = device;
        _options = options;
        Cleaned = LogSegment.Create(device, first.Directory, first.BaseOffset, files, maps, 0, SwapManifest.CleanedSuffix);
    }

    /// <summary>The new segment.</summary>
    public LogSegment Cleaned { get; }

    /// <summary>True when something of the sources did not stay as it was.</summary>
    public bool IsChanged => _isChanged;

    /// <summary>Adds what stays of one source.</summary>
    /// <exception cref="CorruptLogException">The source is not as it was sealed.</exception>
    /// <exception cref="CorruptRecordException">A batch of it cannot be read.</exception>
    public void Add(LogSegment source, BatchCleaner cleaner, CleanThrottle throttle, CancellationToken cancellationToken)
    {
        using var scanner = new SegmentScanner(source.Log.File, 0, source.SizeBytes, source.BaseOffset, allowGaps: true);
        while (scanner.MoveNext())
        {
            var batch = new RecordBatchView(scanner.Current);
            int before = _pending.WrittenCount;
            _isChanged |= !cleaner.Clean(batch, _pending);
            if (cleaner.StillAborted is { } aborted && _pending.WrittenCount > before)
            {
                Cleaned.TransactionIndex.Append(aborted);
            }

            throttle.Spend(batch.SizeBytes + _pending.WrittenCount - before, cancellationToken);
            if (_pending.WrittenCount >= WriteBytes)
            {
                WritePending();
            }
        }

        WritePending();
        if (scanner.StopReason is { } reason)
        {
            throw new CorruptLogException(source.Log.Path, scanner.Position, "whole batches to the end of a sealed segment", reason);
        }
    }

    /// <summary>Makes all of it durable, names included. Throws <see cref="StorageException"/>; a failed sync among them is final.</summary>
    public void Finish()
    {
        SegmentSealer.Seal(_device, Cleaned); // the seal is written last, and syncs the directory
        if (!SegmentSealer.TryAdopt(_device, Cleaned))
        {
            throw new CorruptLogException(Cleaned.Log.Path, 0, "the segment as it was just written", "other bytes");
        }
    }

    /// <summary>
    /// True from before the swap is decided on: whether a disk that failed in it holds the decision, only a restart can tell,
    /// and then these files may be the only ones.
    /// </summary>
    public bool MayCount { get; set; }

    /// <summary>Deletes what was written, unless it may count; the log is as it was.</summary>
    public void Discard()
    {
        if (MayCount)
        {
            return;
        }

        foreach (string extension in (ReadOnlySpan<string>)[SegmentFileName.Seal, SegmentFileName.OffsetIndex, SegmentFileName.TimeIndex,
            SegmentFileName.TransactionIndex, SegmentFileName.Log])
        {
            try
            {
                _device.DeleteIfExists(Cleaned.PathOf(extension));
            }
            catch (StorageException)
            {
                // What is left has a name that the next start, or the next pass, removes.
            }
        }
    }

    /// <summary>Closes its files.</summary>
    public void Dispose()
    {
        Cleaned.Close();
        _pending.Dispose();
    }

    private void WritePending()
    {
        if (_pending.WrittenCount == 0)
        {
            return;
        }

        long start = Cleaned.SizeBytes;
        if (start + _pending.WrittenCount > int.MaxValue)
        {
            throw new CorruptLogException(Cleaned.Log.Path, start, "a cleaned segment of at most 2 GiB", "more: delete horizons took room");
        }

        Cleaned.Write(_pending.WrittenSpan, _options.PreallocateFirstBytes, _options.PreallocateStepBytes, _options.SegmentBytes);
        long next = Cleaned.NextOffset;
        for (int at = 0; at < _pending.WrittenCount;)
        {
            _ = RecordBatchView.TryReadSize(_pending.WrittenSpan[at..], out int size);
            var batch = new RecordBatchView(_pending.WrittenSpan.Slice(at, size));
            Cleaned.Index(batch, start + at, _options.IndexIntervalBytes);
            next = batch.NextOffset;
            at += size;
        }

        Cleaned.Publish(next, start + _pending.WrittenCount);
        _pending.Reset();
    }
}
