using LogQueue.Records;
using LogQueue.Storage.Files;
using LogQueue.Storage.Indexes;

namespace LogQueue.Storage.Segments;

/// <summary>
/// One segment: a log file, its indexes, and what is published of it. One writer (the log's append lock); readers see
/// <see cref="SizeBytes"/> and <see cref="NextOffset"/> in that order and never look past them.
/// </summary>
internal sealed class LogSegment
{
    private readonly IStorageDevice _device;
    private readonly string _suffix;
    private SegmentWriter? _writer;
    private long _sizeBytes;
    private long _nextOffset;
    private long _bytesSinceIndexEntry;

    private LogSegment(IStorageDevice device, string directory, long baseOffset, LeaseBudget files, LeaseBudget maps,
        IStorageFile? open, long allocatedBytes, string suffix = "")
    {
        _device = device;
        _suffix = suffix;
        Directory = directory;
        BaseOffset = baseOffset;
        _nextOffset = baseOffset;
        Log = new LeasedFile(device, PathOf(SegmentFileName.Log), files, open);
        if (open is not null)
        {
            Log.Mode = StorageOpenMode.ReadWrite;
            Tail = new TailMap(this, TailMap.OfProcess);
            _writer = new SegmentWriter(Log, Tail, files, allocatedBytes);
        }

        OffsetIndex = new OffsetIndex(device, PathOf(SegmentFileName.OffsetIndex), baseOffset, files, maps);
        TimeIndex = new TimeIndex(device, PathOf(SegmentFileName.TimeIndex), baseOffset, files, maps);
        TransactionIndex = new TransactionIndex(device, PathOf(SegmentFileName.TransactionIndex));
        Integrity = new SegmentIntegrity(device, this);
        Slices = new SegmentSlices(this);
    }

    public string Directory { get; }

    public long BaseOffset { get; }

    public LeasedFile Log { get; }

    public OffsetIndex OffsetIndex { get; }

    public TimeIndex TimeIndex { get; }

    public TransactionIndex TransactionIndex { get; }

    /// <summary>What of it was checked since the start.</summary>
    public SegmentIntegrity Integrity { get; }

    /// <summary>Lends ranges of its log file.</summary>
    public SegmentSlices Slices { get; }

    /// <summary>The window over its newest bytes; null when it takes no appends.</summary>
    public TailMap? Tail { get; }

    /// <summary>Length of its log file while it is writable.</summary>
    public long AllocatedBytes => _writer?.AllocatedBytes ?? 0;

    /// <summary>Published bytes. Read it before <see cref="NextOffset"/>.</summary>
    public long SizeBytes => Volatile.Read(ref _sizeBytes);

    /// <summary>The offset after the last published record.</summary>
    public long NextOffset => Volatile.Read(ref _nextOffset);

    /// <summary>The largest record timestamp; -1 when there is none.</summary>
    public long MaxTimestampMs { get; private set; } = -1;

    /// <summary>The last offset of the batch that has it.</summary>
    public long OffsetOfMaxTimestamp { get; private set; } = -1;

    /// <summary>The first batch's largest timestamp, from which a segment's age counts; -1 when empty.</summary>
    public long FirstTimestampMs { get; private set; } = -1;

    /// <summary>When the segment was made, by the clock; 0 for segments found at open.</summary>
    public long CreatedAtMs { get; init; }

    /// <summary>True while it takes appends or still has to be trimmed and sealed.</summary>
    public bool IsWritable => _writer is not null;

    /// <summary>The directory entry of the log file may not be on disk yet.</summary>
    public bool NeedsDirectorySync { get; set; }

    /// <summary>
    /// Creates the files of a new segment. Its name is durable after the next commit. A suffix ends the names of files that are not (yet)
    /// part of the log.
    /// </summary>
    public static LogSegment Create(
        IStorageDevice device, string directory, long baseOffset, LeaseBudget files, LeaseBudget maps, long createdAtMs, string suffix = "")
    {
        string path = SegmentFileName.PathOf(directory, baseOffset, SegmentFileName.Log) + suffix;
        foreach (string extension in (ReadOnlySpan<string>)[SegmentFileName.OffsetIndex, SegmentFileName.TimeIndex,
            SegmentFileName.TransactionIndex, SegmentFileName.Seal])
        {
            device.DeleteIfExists(SegmentFileName.PathOf(directory, baseOffset, extension) + suffix); // left over from a log that was cut
        }

        if (device.FileExists(path) && device.FileLength(path) > 0)
        {
            LostAndFound.Move(device, path); // never published: it starts at the log end; but somebody may know better
        }

        device.DeleteIfExists(path);
        files.MakeRoom();
        IStorageFile open = device.Open(path, StorageOpenMode.CreateNew);
        var segment = new LogSegment(device, directory, baseOffset, files, maps, open, 0, suffix)
            { CreatedAtMs = createdAtMs, NeedsDirectorySync = true };
        segment._writer!.Begun();
        return segment;
    }

    /// <summary>
    /// Opens a segment that exists; nothing of it is published yet. Writable, it stays open until <see cref="EndRecovery"/>.
    /// </summary>
    public static LogSegment Open(
        IStorageDevice device, string directory, long baseOffset, LeaseBudget files, LeaseBudget maps, bool writable)
    {
        string path = SegmentFileName.PathOf(directory, baseOffset, SegmentFileName.Log);
        IStorageFile? open = writable ? device.Open(path, StorageOpenMode.ReadWrite) : null;
        var segment = new LogSegment(device, directory, baseOffset, files, maps, open, open?.Length ?? 0);
        segment.TransactionIndex.Load();
        return segment;
    }

    /// <summary>The path of one of its files.</summary>
    public string PathOf(string extension) => SegmentFileName.PathOf(Directory, BaseOffset, extension) + _suffix;

    /// <summary>
    /// Writes whole batches behind the published end with one positioned write. Throws <see cref="StorageException"/> after rolling the
    /// file back to the published end; nothing is published here. With <paramref name="space"/> the file grows only while that allows it.
    /// </summary>
    public void Write(ReadOnlySpan<byte> batches, int firstStepBytes, int mostStepBytes, int segmentBytes, DiskSpace? space = null) =>
        (_writer ?? throw new InvalidOperationException($"Segment {BaseOffset} of '{Directory}' is sealed.")).Write(
            _sizeBytes, batches, firstStepBytes, mostStepBytes, segmentBytes, space);

    /// <summary>Indexes one written batch and takes over its timestamps.</summary>
    public void Index(in RecordBatchView batch, long position, int indexIntervalBytes)
    {
        if (batch.MaxTimestamp > MaxTimestampMs && batch.RecordCount > 0) // the cleaner leaves batches without records
        {
            MaxTimestampMs = batch.MaxTimestamp;
            OffsetOfMaxTimestamp = batch.LastOffset;
        }

        if (position == 0)
        {
            FirstTimestampMs = batch.MaxTimestamp;
        }

        if (_bytesSinceIndexEntry > indexIntervalBytes)
        {
            OffsetIndex.Append(batch.LastOffset, checked((int)position));
            if (MaxTimestampMs >= 0)
            {
                TimeIndex.AppendIfLater(MaxTimestampMs, OffsetOfMaxTimestamp);
            }

            _bytesSinceIndexEntry = 0;
        }

        _bytesSinceIndexEntry += batch.SizeBytes;
    }

    /// <summary>Shows readers the new end.</summary>
    public void Publish(long nextOffset, long sizeBytes)
    {
        Volatile.Write(ref _nextOffset, nextOffset); // first: who sees the size must see that the offset moved
        Volatile.Write(ref _sizeBytes, sizeBytes);
    }

    /// <summary>Takes over what a seal or the indexes say, without reading the log.</summary>
    public void Adopt(long nextOffset, long sizeBytes, long maxTimestampMs, long offsetOfMaxTimestamp, long firstTimestampMs)
    {
        MaxTimestampMs = maxTimestampMs;
        OffsetOfMaxTimestamp = offsetOfMaxTimestamp;
        FirstTimestampMs = firstTimestampMs;
        _bytesSinceIndexEntry = sizeBytes - OffsetIndex.FindBatchAtOrBelow(long.MaxValue);
        Publish(nextOffset, sizeBytes);
    }

    /// <summary>
    /// Reads published bytes until the destination is full or the file ends; returns the bytes read. Under a lease on <see cref="Log"/>.
    /// </summary>
    public int Read(long position, Span<byte> destination) =>
        Tail?.TryRead(position, destination) == true ? destination.Length : Log.File.Read(position, destination);

    /// <summary>Shortens its log file while nobody reads it through the map.</summary>
    public void WhileUnmapped(Action shorten)
    {
        if (Tail is null)
        {
            shorten();
        }
        else
        {
            Tail.Cut(shorten);
        }
    }

    /// <summary>Makes the next reads from a position on ask the disk; only while it is writable.</summary>
    public void DropCache(long position) => _writer?.DropCache(position);

    /// <summary>fdatasync of the log file, if anything of it may be unsynced.</summary>
    public void DataSync() => _writer?.DataSync();

    /// <summary>True while something may have been written to the log file that no sync covers.</summary>
    public bool IsUnsynced => _writer?.IsUnsynced == true;

    /// <summary>Cuts the preallocated rest off. Only the owner calls it, when nothing is appended any more.</summary>
    public void Trim() => _writer?.Trim(_device, _sizeBytes);

    /// <summary>Recovery is over: what was not written since the opening is durable; without unsynced writes the file may close.</summary>
    public void EndRecovery() => _writer?.EndRecovery();

    /// <summary>Writes the index files to their real size, with the last time entry as Kafka closes a segment.</summary>
    public void FlushIndexes(bool sync)
    {
        if (MaxTimestampMs >= 0)
        {
            TimeIndex.AppendIfLater(MaxTimestampMs, OffsetOfMaxTimestamp);
        }

        OffsetIndex.Flush(sync);
        TimeIndex.Flush(sync);
        TransactionIndex.Save(sync);
    }

    /// <summary>
    /// Makes the indexes of a sealed segment again from its log; readers meanwhile scan from its start. Throws
    /// <see cref="CorruptLogException"/> when a batch is damaged. Under a lease.
    /// </summary>
    public void Reindex(int indexIntervalBytes)
    {
        OffsetIndex.Clear();
        TimeIndex.Clear();
        _bytesSinceIndexEntry = 0;
        using var scanner = new SegmentScanner(Log.File, 0, SizeBytes, BaseOffset, allowGaps: true);
        while (scanner.MoveNext())
        {
            Index(new RecordBatchView(scanner.Current), scanner.Position, indexIntervalBytes);
        }

        if (scanner.StopReason is { } reason)
        {
            throw new CorruptLogException(Log.Path, scanner.Position, "a batch", reason);
        }
    }

    /// <summary>What the index files hold now; flush them first.</summary>
    public IndexFingerprint FingerprintIndexes(IStorageDevice device) =>
        IndexFingerprint.Of(device, PathOf(SegmentFileName.OffsetIndex), PathOf(SegmentFileName.TimeIndex),
            PathOf(SegmentFileName.TransactionIndex));

    /// <summary>From now on immutable: the write handle becomes one of the budget's read handles.</summary>
    public void Rest()
    {
        OffsetIndex.Rest();
        TimeIndex.Rest();
        Tail?.Retire();
        Log.Mode = StorageOpenMode.Read;
        Interlocked.Exchange(ref _writer, null)?.Close();
    }

    /// <summary>Closes its files when the last lease ends.</summary>
    public void Close() => Retire(static () => { });

    /// <summary>
    /// Deletes its files when the last lease ends; <paramref name="failed"/> hears of files that could not be deleted, then
    /// <paramref name="removed"/> is called.
    /// </summary>
    public void Remove(Action<StorageException>? failed, Action? removed = null) => Retire(() =>
    {
        foreach (string extension in (ReadOnlySpan<string>)[SegmentFileName.Seal, SegmentFileName.OffsetIndex, SegmentFileName.TimeIndex,
            SegmentFileName.TransactionIndex, SegmentFileName.Snapshot, SegmentFileName.Log])
        {
            try
            {
                _device.DeleteIfExists(PathOf(extension));
            }
            catch (StorageException e)
            {
                failed?.Invoke(e); // the log start is past it: the next open deletes it
            }
        }

        removed?.Invoke();
    });

    /// <summary>
    /// Keeps the files of a sealed segment open whatever becomes of their names, until <see cref="Supersede"/> or <see cref="Unpin"/>.
    /// False when the segment is closed or removed.
    /// </summary>
    public bool TryPin()
    {
        if (!Log.TryAcquire())
        {
            return false;
        }

        try
        {
            OffsetIndex.Pin();
            TimeIndex.Pin();
            Integrity.Pin();
            return true;
        }
        catch
        {
            Unpin();
            throw;
        }
    }

    /// <summary>Ends <see cref="TryPin"/>: the names are still those of this segment.</summary>
    public void Unpin()
    {
        Integrity.Unpin();
        OffsetIndex.Unpin();
        TimeIndex.Unpin();
        Log.Release();
    }

    /// <summary>
    /// Ends <see cref="TryPin"/>: the names are gone, or another segment's. Who reads this one finishes; then its files close for good.
    /// </summary>
    public void Supersede()
    {
        Log.Retire(() =>
        {
            OffsetIndex.Unpin();
            TimeIndex.Unpin();
            OffsetIndex.Dispose();
            TimeIndex.Dispose();
        });
        Log.Release();
    }

    private void Retire(Action then)
    {
        Tail?.Retire();
        SegmentWriter? writer = Interlocked.Exchange(ref _writer, null);
        Log.Retire(() =>
        {
            OffsetIndex.Dispose(); // after the last reader: it still looks positions up
            TimeIndex.Dispose();
            then();
        });
        writer?.Close();
    }
}
