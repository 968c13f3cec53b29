using LogQueue.Storage;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Oracle;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Crashes;

/// <summary>
/// A random run of everything that logs do, from a seed: appends of plain, idempotent and transactional producers, retries, commits with and
/// without the journal, reads, rolls, log starts, retention, cuts, upkeep, deletion, closing, killing. It tells an oracle what it does and
/// what it was promised.
/// </summary>
internal sealed class LogRun
{
    private const int MostCutBatches = 3;
    private static readonly string[] Names = ["a-0", "b-0"];

    private readonly Random _random;
    private readonly bool _publishDurableOnly;
    private readonly int _handles;
    private readonly RunPartition[] _partitions = [.. Names.Select(static name => new RunPartition(name))];
    private readonly SimulatedStorageDevice _device;
    private CrashRig? _rig;
    private bool _isOver;
    private long _nextTag = 1;
    private long _nextTransaction = 1;

    public LogRun(SimulatedStorageDevice device, int seed)
    {
        _device = device;
        _random = new Random(seed);
        _publishDurableOnly = seed % 4 != 3;
        _handles = seed % 5 == 3 ? 2 : 4; // with 2 every log gives its handle up for the other
        foreach (RunPartition partition in _partitions)
        {
            Oracle.Create(partition.Name);
        }
    }

    public DurabilityOracle Oracle { get; } = new();

    public IReadOnlyList<RunPartition> Partitions => _partitions;

    public long JournalRounds { get; private set; }

    /// <summary>The first thing that went wrong while it ran; null when all is well.</summary>
    public string? Problem { get; private set; }

    /// <summary>The disk fails on purpose: refusals are right answers, and the run ends where the directory is fenced.</summary>
    public bool MayFail { get; init; }

    /// <summary>Runs; <paramref name="goesOn"/> is asked before each step.</summary>
    public void Run(int steps, Func<bool> goesOn)
    {
        try
        {
            Open(clean: false);
            for (int i = 0; i < steps && Problem is null && goesOn() && !_isOver && !_rig!.Fence.IsTripped; i++)
            {
                Step(_random.Next(100), _partitions[_random.Next(_partitions.Length)]);
            }

            JournalRounds += _rig!.JournalRounds;
        }
        catch (Exception e) when (MayFail && e is StorageException or LogOfflineException)
        {
            Poll(); // a failed open, or the fence: here a process ends
        }

        _rig?.Dispose();
    }

    /// <summary>Takes down what the logs promise at this moment: whoever waits for durability has been answered up to there.</summary>
    public void Poll()
    {
        foreach (RunPartition partition in _partitions)
        {
            if (partition.Log is not { } log)
            {
                continue;
            }

            long promised = _publishDurableOnly ? Math.Max(log.RecoveryPoint, log.HighWatermark) : log.RecoveryPoint;
            while (partition.Promised < partition.Entries.Count && partition.Entries[partition.Promised].Offset < promised)
            {
                (long offset, long tag) = partition.Entries[partition.Promised++];
                Oracle.Acknowledge(partition.Name, tag, offset);
            }

            if (partition.EndBeforeAppend >= 0 && log.LogEndOffset != partition.EndBeforeAppend)
            {
                Problem ??= $"{partition.Name}: readers see up to {log.LogEndOffset} while {partition.EndBeforeAppend} is being written";
            }
        }
    }

    private void Step(int kind, RunPartition partition)
    {
        switch (kind)
        {
            case < 28:
                AppendPlain(partition);
                break;
            case < 38:
                AppendIdempotent(partition);
                break;
            case < 43:
                Retry(partition);
                break;
            case < 51:
                AppendTransactional(partition);
                break;
            case < 55:
                EndTransaction(partition);
                break;
            case < 72:
                if (_random.Next(2) == 0)
                {
                    Array.ForEach(_partitions, AppendPlain); // all dirty: a round for the journal
                }

                _rig!.CommitAll();
                Poll();
                break;
            case < 75:
                partition.Log!.Commit();
                Poll();
                break;
            case < 83:
                Read(partition);
                break;
            case < 85:
                partition.Log!.Roll();
                break;
            case < 94:
                Tend(kind, partition);
                break;
            case < 96:
                DeleteAndCreate(partition);
                break;
            default:
                Reopen(clean: kind < 98);
                break;
        }
    }

    private void Tend(int kind, RunPartition partition)
    {
        PartitionLog log = partition.Log!;
        switch (kind)
        {
            case < 87:
                long start = Math.Min(log.HighWatermark, log.LogStartOffset + _random.Next(6));
                Oracle.RequestLogStart(partition.Name, start);
                log.AdvanceLogStart(start);
                Oracle.ConfirmLogStart(partition.Name, start);
                break;
            case < 89:
                Oracle.RequestLogStart(partition.Name, long.MaxValue);
                log.Reconfigure(CrashRig.Small with { RetentionBytes = 2000 });
                _ = log.Retain(CrashRig.Time.GetUtcNow());
                Oracle.ConfirmLogStart(partition.Name, log.LogStartOffset);
                break;
            case < 91:
                Truncate(partition);
                break;
            default:
                log.Maintain(CrashRig.Time.GetUtcNow());
                break;
        }

        Poll();
    }

    private void Truncate(RunPartition partition)
    {
        PartitionLog log = partition.Log!;
        long[] possible = [.. partition.Batches.Where(b => b >= log.LogStartOffset).TakeLast(MostCutBatches)];
        if (possible.Length > 0)
        {
            long cut = possible[_random.Next(possible.Length)];
            Oracle.BeginTruncate(partition.Name, cut);
            partition.IsCutting = true;
            partition.CutTo(cut);
            log.TruncateTo(cut);
            partition.IsCutting = false;
            Oracle.EndTruncate(partition.Name, cut);
        }
    }

    private void AppendPlain(RunPartition partition)
    {
        int count = _random.Next(1, 4);
        byte[] batch = TestBatches.Build(count, _nextTag, TestBatches.StartMs + _random.Next(1000), _random.Next(8, 90));
        Append(partition, batch, count, 0, AppendOrigin.Client);
    }

    private void AppendIdempotent(RunPartition partition)
    {
        int sequence = partition.Sent.Count == 0 ? 0 : partition.Sent[^1].NextSequence;
        int count = _random.Next(1, 3);
        byte[] batch = TestBatches.Build(count, _nextTag, producerId: 100 + partition.Incarnation, producerEpoch: 0, baseSequence: sequence);
        if (Append(partition, (byte[])batch.Clone(), count, 0, AppendOrigin.Client) is { } at)
        {
            partition.Sent.Add((at, sequence + count, batch));
        }
    }

    private void Retry(RunPartition partition)
    {
        foreach ((long offset, _, byte[] bytes) in Retriable(partition, partition.Log!.LogStartOffset, long.MaxValue))
        {
            AppendResult result = partition.Log.Append((byte[])bytes.Clone(), AppendOrigin.Client);
            if ((result.Status != AppendStatus.Duplicate || result.BaseOffset != offset) && !_rig!.Fence.IsTripped)
            {
                Problem ??= $"{partition.Name}: a retry of the batch at {offset} was answered {result}";
            }
        }
    }

    /// <summary>
    /// Batches of the idempotent producer between two offsets that a log must recognise: its last five. Up to three of those may be batches
    /// that an append or a cut under way is about.
    /// </summary>
    public static IEnumerable<(long BaseOffset, int NextSequence, byte[] Bytes)> Retriable(RunPartition partition, long from, long to) =>
        partition.Sent.TakeLast(partition.IsCutting || partition.EndBeforeAppend >= 0 ? 5 - MostCutBatches : 5)
            .Where(s => s.BaseOffset >= from && s.BaseOffset < to);

    private void AppendTransactional(RunPartition partition)
    {
        if (partition.OpenTransaction == 0 && partition.TransactionalSent is [.., { } last] && last.BaseOffset < partition.Log!.LogStartOffset)
        {
            partition.RetireTransactionalProducer(); // all of it was deleted: a log that is cut may know no more than its last marker
        }

        int sequence = partition.TransactionalSent.Count == 0 ? 0 : partition.TransactionalSent[^1].NextSequence;
        long transaction = partition.OpenTransaction == 0 ? _nextTransaction++ : partition.OpenTransaction;
        bool isNew = partition.OpenTransaction == 0;
        int count = _random.Next(1, 3);
        byte[] batch = TestBatches.Build(
            count, _nextTag, producerId: partition.TransactionalProducerId, producerEpoch: 0, baseSequence: sequence, transactional: true);
        if (Append(partition, batch, count, transaction, AppendOrigin.Client) is { } at)
        {
            partition.TransactionalSent.Add((at, sequence + count));
            if (isNew)
            {
                partition.Transactions.Add((transaction, at, -1));
            }
        }
    }

    private void EndTransaction(RunPartition partition)
    {
        if (partition.OpenTransaction is var number and not 0)
        {
            bool commit = _random.Next(2) == 0;
            PartitionLog log = partition.Log!;
            long at = log.LogEndOffset;
            Oracle.Decide(partition.Name, number, commit, at);
            partition.Entries.Add((at, DurabilityOracle.Marker));
            partition.Batches.Add(at);
            partition.Transactions[^1] = partition.Transactions[^1] with { MarkerOffset = at };
            if (!IsAppended(log.Append(TestBatches.Marker(partition.TransactionalProducerId, 0, commit), AppendOrigin.Internal), at, partition))
            {
                _isOver = true; // whether the marker is there after a crash is open: nothing may take its place
            }
        }
    }

    private long? Append(RunPartition partition, byte[] batch, int count, long transaction, AppendOrigin origin)
    {
        PartitionLog log = partition.Log!;
        long at = log.LogEndOffset;
        for (int i = 0; i < count; i++)
        {
            Oracle.Attempt(partition.Name, _nextTag + i, at + i, transaction);
            partition.Entries.Add((at + i, _nextTag + i));
        }

        partition.Batches.Add(at);
        _nextTag += count;
        partition.EndBeforeAppend = at;
        AppendResult result = log.Append(batch, origin);
        partition.EndBeforeAppend = -1;
        if (IsAppended(result, at, partition))
        {
            return at;
        }

        partition.CutTo(at); // refused: whether it is there after a crash or not, the next one gets its offset
        return null;
    }

    private bool IsAppended(AppendResult result, long at, RunPartition partition)
    {
        if (result.Status == AppendStatus.Appended && result.BaseOffset == at)
        {
            return true;
        }

        if (!MayFail || result.Status is not (AppendStatus.DiskFull or AppendStatus.Offline or AppendStatus.OutOfResources) || partition.Log!.LogEndOffset != at)
        {
            Problem ??= $"{partition.Name}: an append at {at} was answered {result}, the log ends at {partition.Log!.LogEndOffset}";
        }

        return false;
    }

    private void Read(RunPartition partition)
    {
        PartitionLog log = partition.Log!;
        List<FoundRecord> seen = [];
        long from = log.LogStartOffset + _random.Next((int)(log.HighWatermark - log.LogStartOffset) + 1);
        _ = CrashRig.Read(log, from, ReadIsolation.Uncommitted, 100 + _random.Next(900), seen, null);
        foreach (FoundRecord record in seen)
        {
            (long offset, long tag) = partition.Entries[partition.Entries.FindIndex(e => e.Offset == record.Offset)];
            if (tag != record.Tag)
            {
                Problem ??= $"{partition.Name}: {record.Tag} was read at {offset}, where {tag} was appended";
            }

            if (_publishDurableOnly)
            {
                Oracle.Observe(partition.Name, record.Tag, record.Offset);
            }
        }

        if (from + seen.Count != log.HighWatermark)
        {
            Problem ??= $"{partition.Name}: a read from {from} found {seen.Count} records up to {log.HighWatermark}";
        }
    }

    private void DeleteAndCreate(RunPartition partition)
    {
        PartitionLog log = partition.Log!;
        partition.Log = null;
        partition.IsDeleted = true;
        Oracle.Delete(partition.Name);
        log.Delete();
        if (_rig!.Fence.IsTripped)
        {
            throw _rig.Fence.Offline(); // no engine creates anything now
        }

        _rig.Logs.Remove(partition.Name);
        _device.SyncDirectory(StorageRig.Root);
        Oracle.Create(partition.Name);
        partition.IsDeleted = false;
        partition.Restart();
        partition.Log = _rig.Open(partition.Name);
    }

    private void Reopen(bool clean)
    {
        JournalRounds += _rig!.JournalRounds;
        if (clean)
        {
            _rig.Close();
            Poll();
        }

        foreach (RunPartition partition in _partitions)
        {
            partition.Log = null;
        }

        _rig.Dispose();
        Open(clean);
    }

    private void Open(bool clean)
    {
        _rig = new CrashRig(_device, runs: true, _publishDurableOnly, clean, _handles);
        foreach (RunPartition partition in _partitions)
        {
            PartitionLog log = _rig.Open(partition.Name);
            partition.Log = log;
            if (log.LogEndOffset < partition.End && !MayFail)
            {
                Problem ??= $"{partition.Name}: a {(clean ? "clean close" : "kill")} lost records from {log.LogEndOffset} to {partition.End}";
            }
        }

        Poll();
    }
}
