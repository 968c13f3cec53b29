using System.Runtime.InteropServices;
using LogQueue.Storage.Compaction;
using LogQueue.Storage.Files;
using LogQueue.Storage.Indexes;
using LogQueue.Storage.Segments;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// Opens the files of a partition. Sealed segments are taken over; the rest is scanned from the recovery point: a torn tail is cut, indexes
/// and producer state are rebuilt. Damage of what was durable is never cut (<see cref="SegmentRecovery"/> has the rule): it is kept,
/// listed, and the log takes no appends. Running it twice gives the same log. Used once, by one thread.
/// </summary>
internal sealed class LogRecovery(
    PartitionLogContext context, string directory, LogOptions options, bool cleanShutdown, bool isNew = false)
{
    private readonly IStorageDevice _device = context.Device;
    private readonly List<string> _notes = [];
    private SegmentRecovery _scan = null!;
    private bool _epochsChanged;
    private bool _wasCut;
    private bool _wasCompacted;
    private int? _knownEpoch;

    /// <summary>True: every byte of every segment is read and checked, not only what no seal vouches for.</summary>
    public bool IsThorough { get; init; }

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
        ScannedBytes = _scan.ScannedBytes,
        CutBytes = _scan.CutBytes,
        RebuiltIndexes = _scan.RebuiltIndexes,
        Damage = [.. Damage.Select(static d => d.ToString())],
        Notes = [.. _scan.Notes, .. _notes],
    };

    /// <summary>Does it all. Throws <see cref="StorageException"/> when the disk fails, never for damage.</summary>
    public void Run()
    {
        if (!isNew && SwapManifest.Recover(_device, directory))
        {
            _notes.Add("a cleaning pass was cut short: its last swap of segments was finished or undone");
        }

        _wasCompacted = options.Compacted || (!isNew && _device.FileExists(Path.Combine(directory, CleanCheckpoint.FileName)));
        Checkpoint = RecoveryCheckpoint.TryLoad(_device, directory);
        List<long> bases = ListSegments();
        LeaderEpochCheckpoint? epochs = LeaderEpochRecovery.TryLoad(_device, directory, bases);
        Epochs = epochs ?? Epochs;
        bool isOurs = Checkpoint is { Generation: not RecoveryCheckpoint.KafkaGeneration };
        _knownEpoch = Checkpoint is { Generation: not RecoveryCheckpoint.KafkaGeneration } c
            && Epochs.EpochOf(c.RecoveryPoint) is >= 0 and var known ? known : null;
        bool allowGaps = _wasCompacted || Checkpoint is null or { Generation: RecoveryCheckpoint.KafkaGeneration };
        _scan = new SegmentRecovery(context, options, Checkpoint, cleanShutdown, allowGaps)
        {
            EpochSeen = (epoch, offset) => _epochsChanged |= (!isOurs || epochs is null) && Epochs.TryAdd(epoch, offset),
            EpochOf = Checkpoint is not null && epochs is { Count: 1 } ? epochs.EpochOf : null,
            TailEpoch = _knownEpoch,
        };
        OpenSegments(bases, IsThorough ? null : QuarantineFile.Load(_device, directory));
        if (epochs is null || !LeaderEpochRecovery.IsRight(Epochs, Segments, isOurs))
        {
            Epochs = LeaderEpochRecovery.Rebuild(Segments);
            _epochsChanged = true;
        }

        FindMissingSegments(bases);
        Damage.AddRange(_scan.Damage);
        _wasCut |= _scan.WasCut;
        LogEndOffset = Math.Max(Segments.Count == 0 ? 0 : Segments.Active.NextOffset, Damage.Count == 0 ? 0
            : Damage.Max(static d => d.ToOffset));
        EnsureActive();
        _epochsChanged |= Epochs.TruncateTo(LogEndOffset + 1); // else a cut epoch would claim what is appended there later
        if (Epochs.TryAdd(0, LogStartOffset) || epochs is null || _epochsChanged)
        {
            Epochs.Save(_device, directory, sync: Epochs.Latest > 0);
        }

        foreach (LogSegment segment in Segments.Snapshot)
        {
            segment.Integrity.EpochOf = Checkpoint is null ? null : Epochs.EpochOf;
            segment.TransactionIndex.TruncateToOffset(LogEndOffset); // of a log that was cut: it must not speak for later records
        }

        RememberDamage();
        var producers = new ProducerStateRecovery(
            context, directory, Segments, Damage.Count == 0 ? _scan.CheckedFrom : new Dictionary<LogSegment, long>());
        if (producers.HasProducers())
        {
            SuspectTransactions().ForEach(segment => producers.RebuildTransactions(segment, LogStartOffset));
        }

        Producers = producers.Run(LogStartOffset, LogEndOffset);
        MakeDurable();
        foreach (LogSegment segment in Segments.Snapshot)
        {
            segment.EndRecovery();
        }
    }

    /// <summary>Makes the directory, durably, if it is missing. True when it was.</summary>
    public static bool CreateDirectory(IStorageDevice device, string directory)
    {
        if (device.DirectoryExists(directory))
        {
            return false;
        }

        device.CreateDirectory(directory);
        device.SyncDirectory(Path.GetDirectoryName(directory)!);
        return true;
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

    private void OpenSegments(List<long> bases, IReadOnlySet<long>? suspects)
    {
        for (int i = 0; i < bases.Count; i++)
        {
            bool isSuspect = suspects?.Contains(bases[i]) ?? true;
            LogSegment segment = LogSegment.Open(_device, directory, bases[i], context.FileBudget, context.MapBudget, writable: true);
            segment.Integrity.AllowGaps = _scan.AllowGaps;
            Segments.Add(segment);
            if (i < bases.Count - 1)
            {
                if (SegmentSealer.TryLoad(_device, segment, bases[i + 1]) is not { } seal || _scan.IsHole(seal.NextOffset, bases[i + 1]))
                {
                    Unsealed.Add(segment);
                }
                else if (TakeOver(segment, seal, isSuspect))
                {
                    continue;
                }
                else
                {
                    Unsealed.Add(segment);
                    continue;
                }
            }

            if (_scan.Scan(segment, CollectionsMarshal.AsSpan(bases)[(i + 1)..], isSuspect) && i < bases.Count - 1)
            {
                _notes.Add($"the segments after {bases[i]} were never durable");
                _wasCut = true;
                Unsealed.Remove(segment);
                for (int k = bases.Count - 1; k > i; k--)
                {
                    PutAway(bases[k]);
                }

                bases.RemoveRange(i + 1, bases.Count - i - 1);
                return;
            }
        }
    }

    /// <summary>Takes over a segment whose seal fits its log; false when its indexes had to be rebuilt.</summary>
    private bool TakeOver(LogSegment segment, SegmentSeal seal, bool isSuspect)
    {
        segment.Integrity.AllowGaps |= seal.HasGaps;
        if (!SegmentSealer.TryAdopt(_device, segment, seal))
        {
            _scan.Reindex(segment, seal);
            return false;
        }

        segment.Rest();
        if (isSuspect)
        {
            _scan.Examine(segment);
        }

        return true;
    }

    /// <summary>Offsets between the log start and the end for which there is no file.</summary>
    private void FindMissingSegments(List<long> bases)
    {
        if (_scan.AllowGaps)
        {
            return;
        }

        if (bases.Count > 0 && bases[0] > LogStartOffset)
        {
            Damage.Add(new DamagedRange(LogStartOffset, bases[0], $"no segment file in '{directory}' holds them"));
        }

        ReadOnlySpan<LogSegment> all = Segments.Snapshot;
        for (int i = 0; i + 1 < all.Length; i++)
        {
            long from = all[i].NextOffset;
            if (from < all[i + 1].BaseOffset && !all[i].Integrity.AllowGaps
                && !_scan.Damage.Exists(d => d.ToOffset > from && d.FromOffset <= from))
            {
                Damage.Add(new DamagedRange(from, all[i + 1].BaseOffset, $"no segment file in '{directory}' holds them"));
            }
        }
    }

    /// <summary>Segments whose transaction index is not what a seal or the checkpoint vouches for.</summary>
    private List<LogSegment> SuspectTransactions()
    {
        List<LogSegment> suspects = [.. Unsealed];
        LogSegment active = Segments.Active;
        if (active.SizeBytes > 0 && (Checkpoint?.SegmentBaseOffset != active.BaseOffset || Checkpoint.Transactions
            != IndexFingerprint.Read(_device, active.PathOf(SegmentFileName.TransactionIndex))))
        {
            suspects.Add(active);
        }

        return suspects;
    }

    private void RememberDamage()
    {
        var segments = Damage.Where(static d => d.SegmentBaseOffset >= 0).Select(static d => d.SegmentBaseOffset).ToHashSet();
        if (segments.Count > 0 || QuarantineFile.Load(_device, directory) is not { Count: 0 })
        {
            QuarantineFile.Save(_device, directory, segments);
        }
    }

    /// <summary>A segment that was never durable: kept aside when it holds anything at all.</summary>
    private void PutAway(long baseOffset)
    {
        string path = SegmentFileName.PathOf(directory, baseOffset, SegmentFileName.Log);
        bool isEmpty;
        using (IStorageFile file = _device.Open(path, StorageOpenMode.Read))
        {
            isEmpty = DataEnd.Find(file, 0, file.Length) == 0;
        }

        if (!isEmpty)
        {
            _notes.Add($"segment {baseOffset} is kept in {LostAndFound.Move(_device, path)}");
        }

        DeleteSegmentFiles(baseOffset);
    }

    private void EnsureActive()
    {
        if (Segments.Count > 0 && LogStartOffset <= LogEndOffset)
        {
            LogStartOffset = Damage.Count > 0 ? LogStartOffset : Math.Max(LogStartOffset, Segments.Snapshot[0].BaseOffset);
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
        Segments.Active.Integrity.AllowGaps = false;
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
        if (isKnown && !_wasCut)
        {
            return;
        }

        if (!isNew)
        {
            foreach (LogSegment segment in Segments.Snapshot)
            {
                segment.DataSync();
                segment.NeedsDirectorySync = false;
            }

            _device.SyncDirectory(directory);
        }

        if (Damage.Count > 0)
        {
            return; // the checkpoint stays what it was: by it the next start tells damage from a torn tail
        }

        Checkpoint = new RecoveryCheckpoint((Checkpoint?.Generation ?? 0) + 1, LogStartOffset, LogEndOffset, active.BaseOffset,
            active.SizeBytes) { IsDense = !active.Integrity.AllowGaps };
        Checkpoint.Save(_device, directory); // a new file: it syncs the directory, and with it the name of the empty segment
        active.NeedsDirectorySync = false;
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
