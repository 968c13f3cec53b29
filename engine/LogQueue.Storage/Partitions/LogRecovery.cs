using LogQueue.Records;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// Opens the files of a partition. Sealed segments are taken over; the rest is scanned from the recovery point: a torn tail is cut, indexes
/// and producer state are rebuilt. Damage of what was durable is never cut: it is kept, listed, and the log takes no appends. Running it
/// twice
/// gives the same log. Used once, by one thread.
/// </summary>
internal sealed class LogRecovery(PartitionLogContext context, string directory, LogOptions options, bool cleanShutdown)
{
    private readonly IStorageDevice _device = context.Device;
    private readonly List<string> _notes = [];
    private long _scannedBytes;
    private long _cutBytes;
    private int _rebuiltIndexes;
    private bool _epochsChanged;
    private bool _wasCut;

    public SegmentList Segments { get; } = new();

    public ProducerStateTable Producers { get; private set; } = new();

    public LeaderEpochCheckpoint Epochs { get; private set; } = new();

    public RecoveryCheckpoint? Checkpoint { get; private set; }

    public List<DamagedRange> Damage { get; } = [];

    /// <summary>Segments behind the active one that have no seal yet.</summary>
    public List<LogSegment> Unsealed { get; } = [];

    public long LogStartOffset { get; private set; }

    public long LogEndOffset { get; private set; }

    public RecoveryReport Report => new()
    {
        ScannedBytes = _scannedBytes,
        CutBytes = _cutBytes,
        RebuiltIndexes = _rebuiltIndexes,
        Damage = [.. Damage.Select(static d => $"offsets {d.FromOffset} to {d.ToOffset - 1}: {d.What}")],
        Notes = _notes,
    };

    /// <summary>Does it all. Throws <see cref="StorageException"/> when the disk fails, never for damage.</summary>
    public void Run()
    {
        CreateDirectory();
        Checkpoint = RecoveryCheckpoint.TryLoad(_device, directory);
        LeaderEpochCheckpoint? epochs = LeaderEpochCheckpoint.TryLoad(_device, directory);
        Epochs = epochs ?? Epochs;
        OpenSegments(ListSegments());
        LogEndOffset = Math.Max(Segments.Count == 0 ? 0 : Segments.Active.NextOffset, Damage.Count == 0 ? 0
            : Damage.Max(static d => d.ToOffset));
        EnsureActive();
        Epochs.TruncateTo(LogEndOffset + 1);
        if (Epochs.TryAdd(0, LogStartOffset) || epochs is null || _epochsChanged)
        {
            Epochs.Save(_device, directory);
        }

        Producers = new ProducerStateRecovery(context, directory, Segments).Run(LogStartOffset, LogEndOffset);
        MakeDurable();
    }

    private void CreateDirectory()
    {
        if (!_device.DirectoryExists(directory))
        {
            _device.CreateDirectory(directory);
            _device.SyncDirectory(Path.GetDirectoryName(directory)!);
        }
    }

    private List<long> ListSegments()
    {
        List<long> bases = [];
        foreach (string name in _device.ListFiles(directory))
        {
            if (SegmentFileName.TryParse(name, SegmentFileName.Log, out long baseOffset))
            {
                bases.Add(baseOffset);
            }
            else if (name.EndsWith(".tmp", StringComparison.Ordinal))
            {
                _device.Delete(Path.Combine(directory, name)); // ours, from a replacement that was never finished
            }
        }

        LogStartOffset = Checkpoint?.LogStartOffset ?? (bases.Count == 0 ? 0 : bases[0]);
        while (bases.Count > 1 && bases[1] <= LogStartOffset)
        {
            DeleteSegmentFiles(bases[0]);
            bases.RemoveAt(0);
        }

        return bases;
    }

    private void OpenSegments(List<long> bases)
    {
        for (int i = 0; i < bases.Count; i++)
        {
            bool isLast = i == bases.Count - 1;
            LogSegment segment = LogSegment.Open(_device, directory, bases[i], context.FileBudget, context.MapBudget, writable: true);
            if (!isLast && SegmentSealer.TryAdopt(_device, segment, bases[i + 1]))
            {
                segment.Rest();
                Segments.Add(segment);
                continue;
            }

            Segments.Add(segment);
            bool isCut = Scan(segment, isLast ? null : bases[i + 1]);
            if (isCut && !isLast)
            {
                _notes.Add($"the segments after {bases[i]} were never durable and are deleted");
                _wasCut = true;
                for (int k = bases.Count - 1; k > i; k--)
                {
                    DeleteSegmentFiles(bases[k]);
                }

                return;
            }

            if (!isLast)
            {
                Unsealed.Add(segment);
            }
        }
    }

    /// <summary>Scans what is not known to be right. Returns true when the log must end in this segment.</summary>
    private bool Scan(LogSegment segment, long? nextBase)
    {
        long fileBytes = _device.FileLength(segment.Log.Path);
        bool allowGaps = options.Compacted || Checkpoint is null or { Generation: RecoveryCheckpoint.KafkaGeneration };
        string? stop;
        long start = FindScanStart(segment, fileBytes);
        if (!TryScanFrom(segment, start, fileBytes, allowGaps, out stop) && start > 0)
        {
            start = 0; // the index pointed into the middle of something: it cannot be trusted
            _ = TryScanFrom(segment, 0, fileBytes, allowGaps, out stop);
        }

        if (start == 0 && fileBytes > 0)
        {
            _rebuiltIndexes++;
        }

        long next = segment.NextOffset;
        long lastData = stop is null ? segment.SizeBytes : FindLastDataByte(segment, segment.SizeBytes, fileBytes);
        bool onlyZerosFollow = lastData == segment.SizeBytes;
        long recoveryPoint = Checkpoint?.RecoveryPoint ?? -1;
        if (nextBase is { } following)
        {
            if (next == following || (onlyZerosFollow && allowGaps))
            {
                return false;
            }

            if (Checkpoint is null || next < recoveryPoint)
            {
                AddDamage(next, following, segment, stop ?? "the end of the file");
                return false;
            }
        }
        else if (next < recoveryPoint)
        {
            AddDamage(next, recoveryPoint, segment, stop ?? "the end of the file");
            return false;
        }
        else if (cleanShutdown && Checkpoint is null && !onlyZerosFollow)
        {
            AddDamage(next, next + 1, segment, stop!);
            return false;
        }

        Cut(segment, lastData, fileBytes, stop);
        return true;
    }

    /// <summary>
    /// Brings the segment to a batch boundary up to which it is known to be whole, and its indexes with it; 0 when there is none.
    /// </summary>
    private long FindScanStart(LogSegment segment, long fileBytes)
    {
        if (Checkpoint is not { } c || c.SegmentBaseOffset != segment.BaseOffset || c.Position > fileBytes || c.Position == 0)
        {
            return 0;
        }

        if (c.Indexes is { } closed && segment.FingerprintIndexes(_device) == closed
            && segment.OffsetIndex.TryLoad(c.Position) && segment.TimeIndex.TryLoad(c.RecoveryPoint))
        {
            long start = segment.OffsetIndex.FindBatchAtOrBelow(c.Position - 1);
            if (start > 0)
            {
                return start;
            }
        }

        // Index files of a log that was not closed may lack entries or hold old ones: the headers tell all that an index knows.
        Clear(segment);
        return WithLog(segment, log => SegmentReader.IndexHeaders(segment, c.Position, options.IndexIntervalBytes)) ? c.Position : 0;
    }

    private bool TryScanFrom(LogSegment segment, long start, long fileBytes, bool allowGaps, out string? stop)
    {
        bool isIndexed = start > 0 && segment.SizeBytes == start;
        if (start == 0)
        {
            Clear(segment);
        }

        string? reason = null;
        bool found = WithLog(segment, log =>
        {
            long expected = isIndexed ? segment.NextOffset : segment.BaseOffset;
            using var scanner = new SegmentScanner(log, start, fileBytes, expected, allowGaps);
            while (scanner.MoveNext())
            {
                var batch = new RecordBatchView(scanner.Current);
                if (scanner.BatchCount == 1 && start > 0 && !isIndexed)
                {
                    ResumeIndexes(segment, batch, start);
                }

                segment.Index(batch, scanner.Position, options.IndexIntervalBytes);
                segment.Publish(batch.NextOffset, scanner.Position + batch.SizeBytes);
                _epochsChanged |= Epochs.TryAdd(batch.PartitionLeaderEpoch, batch.BaseOffset);
            }

            _scannedBytes += scanner.Position - start;
            reason = scanner.StopReason;
            return scanner.BatchCount > 0 || start == 0 || isIndexed;
        });
        stop = reason;
        return found;
    }

    private static void Clear(LogSegment segment)
    {
        segment.OffsetIndex.Clear();
        segment.TimeIndex.Clear();
        segment.Adopt(segment.BaseOffset, 0, -1, -1, -1);
    }

    private static T WithLog<T>(LogSegment segment, Func<IStorageFile, T> action)
    {
        if (!segment.Log.TryAcquire())
        {
            throw new InvalidOperationException("A segment that is being opened cannot be retired.");
        }

        try
        {
            return action(segment.Log.File);
        }
        finally
        {
            segment.Log.Release();
        }
    }

    /// <summary>Keeps the index up to the batch from which the scan goes on.</summary>
    private static void ResumeIndexes(LogSegment segment, in RecordBatchView batch, long position)
    {
        segment.OffsetIndex.TruncateToPosition(position + 1);
        segment.TimeIndex.TruncateToOffset(batch.NextOffset);
        _ = segment.TimeIndex.TryGetLast(out long timestamp, out long offset);
        BatchLocation first = SegmentReader.FindBatch(segment, segment.BaseOffset, position);
        segment.Adopt(batch.BaseOffset, position, timestamp, offset, first.MaxTimestampMs);
    }

    private static long FindLastDataByte(LogSegment segment, long from, long to)
    {
        byte[] chunk = new byte[64 << 10];
        return WithLog(segment, log =>
        {
            long last = from;
            for (long at = from; at < to; at += chunk.Length)
            {
                ReadOnlySpan<byte> bytes = chunk.AsSpan(0, log.Read(at, chunk.AsSpan(0, (int)Math.Min(chunk.Length, to - at))));
                int found = bytes.LastIndexOfAnyExcept((byte)0);
                last = found < 0 ? last : at + found + 1;
            }

            return last;
        });
    }

    private void Cut(LogSegment segment, long lastData, long fileBytes, string? stop)
    {
        if (lastData > segment.SizeBytes)
        {
            _wasCut = true;
            _cutBytes += lastData - segment.SizeBytes;
            _notes.Add($"segment {segment.BaseOffset}: cut {lastData - segment.SizeBytes} bytes at {segment.SizeBytes} after offset "
                + $"{segment.NextOffset - 1}, behind the recovery point ({stop})");
        }

        if (fileBytes > segment.SizeBytes)
        {
            segment.Trim();
        }
    }

    private void AddDamage(long from, long to, LogSegment segment, string found)
    {
        var range = new DamagedRange(from, to, $"'{segment.Log.Path}' at byte {segment.SizeBytes}: {found}");
        Damage.Add(range);
        _notes.Add($"damaged: {range.What}; all bytes are kept and appends are refused");
    }

    private void EnsureActive()
    {
        if (Segments.Count > 0 && LogStartOffset <= LogEndOffset)
        {
            LogStartOffset = Math.Max(LogStartOffset, Segments.Snapshot[0].BaseOffset);
            return;
        }

        // No segment, or all of them end below a log start that was made durable before their data were.
        foreach (LogSegment segment in Segments.TakeFirst(Segments.Count))
        {
            _wasCut = true;
            Unsealed.Remove(segment);
            segment.Remove(null);
        }

        long recoveryPoint = Checkpoint?.RecoveryPoint ?? 0;
        if (recoveryPoint > LogStartOffset && Damage.Count == 0)
        {
            Damage.Add(new DamagedRange(LogStartOffset, recoveryPoint, $"no segment files in '{directory}'"));
        }

        LogEndOffset = Math.Max(LogStartOffset, recoveryPoint);
        Segments.Add(LogSegment.Create(
            _device, directory, LogEndOffset, context.FileBudget, context.MapBudget,
                context.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds()));
    }

    /// <summary>
    /// What was found past the recovery point may lie in the page cache only, and what was cut may come back with the next power cut:
    /// sync both before anybody builds on them.
    /// </summary>
    private void MakeDurable()
    {
        LogSegment active = Segments.Active;
        bool isKnown = Checkpoint is { } c && c.RecoveryPoint == LogEndOffset && c.SegmentBaseOffset == active.BaseOffset
            && c.LogStartOffset == LogStartOffset;
        if ((isKnown && !_wasCut) || Damage.Count > 0)
        {
            return;
        }

        foreach (LogSegment segment in Segments.Snapshot)
        {
            segment.DataSync();
            segment.NeedsDirectorySync = false;
        }

        _device.SyncDirectory(directory);
        Checkpoint = new RecoveryCheckpoint((Checkpoint?.Generation ?? 0) + 1, LogStartOffset, LogEndOffset, active.BaseOffset,
            active.SizeBytes);
        Checkpoint.Save(_device, directory);
    }

    private void DeleteSegmentFiles(long baseOffset)
    {
        foreach (string extension in (ReadOnlySpan<string>)[SegmentFileName.Seal, SegmentFileName.OffsetIndex, SegmentFileName.TimeIndex,
            SegmentFileName.TransactionIndex, SegmentFileName.Snapshot, SegmentFileName.Log])
        {
            _device.DeleteIfExists(SegmentFileName.PathOf(directory, baseOffset, extension));
        }
    }
}
