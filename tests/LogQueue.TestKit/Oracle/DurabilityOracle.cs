namespace LogQueue.TestKit.Oracle;

/// <summary>
/// What a log owes its users: fed with everything that was asked and answered, it judges what is found after a crash. It knows no disk
/// and no process, so every harness uses it: the simulated disk, kill -9, power cuts, a broker over the wire. Thread-safe.
/// </summary>
/// <remarks>
/// The order of calls matters: tell an attempt before it is made, an answer after it came. Records are known by a tag that is unique in
/// its partition. The rules: acknowledged ⊆ log ⊆ appended, contiguous offsets; what any consumer saw stays; every tag once, at the offset
/// that it was told; offsets handed out are never given to another record; the log start is one that was asked for; transactions are seen
/// whole or not at all, as decided; committed offsets are the last acknowledged or one asked for since.
/// </remarks>
internal sealed class DurabilityOracle
{
    /// <summary>The tag of transaction markers.</summary>
    public const long Marker = -1;

    /// <summary>An offset that is not known before the answer.</summary>
    public const long Unknown = -1;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, PartitionLedger> _partitions = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Group, string Partition), OffsetLedger> _offsets = [];

    /// <summary>A copy that later calls do not change.</summary>
    public DurabilityOracle Snapshot()
    {
        lock (_lock)
        {
            var copy = new DurabilityOracle();
            foreach ((string name, PartitionLedger ledger) in _partitions)
            {
                copy._partitions[name] = ledger.Copy();
            }

            foreach (((string, string) key, OffsetLedger ledger) in _offsets)
            {
                copy._offsets[key] = ledger.Copy();
            }

            return copy;
        }
    }

    /// <summary>The partition exists, empty, from now on: nothing of an earlier one of that name may come back.</summary>
    public void Create(string partition) => With(partition, _ => _partitions[partition] = new PartitionLedger());

    /// <summary>The partition is being deleted: until it is created anew nothing is owed.</summary>
    public void Delete(string partition) => With(partition, static ledger => ledger.IsDeleted = true);

    /// <summary>A record is about to be appended.</summary>
    /// <param name="partition">Where to.</param>
    /// <param name="tag">Its tag, or <see cref="Marker"/>.</param>
    /// <param name="offset">The offset that it must get, when the caller knows.</param>
    /// <param name="transaction">The transaction that it belongs to; 0 for none.</param>
    public void Attempt(string partition, long tag, long offset = Unknown, long transaction = 0) =>
        With(partition, ledger => ledger.Attempt(tag, offset, transaction));

    /// <summary>A record's append was answered, durably as promised.</summary>
    public void Acknowledge(string partition, long tag, long offset) => With(partition, ledger => ledger.Acknowledge(tag, offset));

    /// <summary>A consumer saw a record.</summary>
    public void Observe(string partition, long tag, long offset) => With(partition, ledger => ledger.Observe(tag, offset));

    /// <summary>The log start may move to this offset from now on (DeleteRecords or retention asked for).</summary>
    public void RequestLogStart(string partition, long offset) =>
        With(partition, ledger => ledger.LogStartMayBe = Math.Max(ledger.LogStartMayBe, offset));

    /// <summary>The log start has moved, durably as promised, and no other move is asked for.</summary>
    public void ConfirmLogStart(string partition, long offset) => With(partition, ledger =>
    {
        ledger.LogStartIs = Math.Max(ledger.LogStartIs, offset);
        ledger.LogStartMayBe = ledger.LogStartIs;
    });

    /// <summary>The log is about to be cut to an offset, a batch boundary: what lies behind it is no longer owed.</summary>
    public void BeginTruncate(string partition, long offset) => With(partition, ledger => ledger.BeginTruncate(offset));

    /// <summary>The log was cut, durably: what lay behind the offset must not come back.</summary>
    public void EndTruncate(string partition, long offset) => With(partition, ledger => ledger.EndTruncate(offset));

    /// <summary>A transaction's marker is about to be appended.</summary>
    public void Decide(string partition, long transaction, bool commit, long markerOffset)
    {
        With(partition, ledger =>
        {
            ledger.Attempt(Marker, markerOffset, 0);
            ledger.Transactions[transaction] = new TransactionFate(commit, markerOffset);
        });
    }

    /// <summary>A group's offset is about to be committed.</summary>
    public void CommitOffset(string group, string partition, long offset) => WithOffset(group, partition, ledger => ledger.Attempt(offset));

    /// <summary>A group's offset commit was answered.</summary>
    public void AcknowledgeOffset(string group, string partition, long offset) =>
        WithOffset(group, partition, ledger => ledger.Acknowledge(offset));

    /// <summary>What is wrong with a recovered log; null when nothing is.</summary>
    public string? Judge(string partition, FoundLog found)
    {
        lock (_lock)
        {
            return _partitions.TryGetValue(partition, out PartitionLedger? ledger) ? ledger.Judge(found) : null;
        }
    }

    /// <summary>What is wrong with the committed offsets of all groups; null when nothing is.</summary>
    /// <param name="find">Finds a group's offset in a partition; null when there is none.</param>
    public string? JudgeOffsets(Func<string, string, long?> find)
    {
        lock (_lock)
        {
            foreach (((string group, string partition), OffsetLedger ledger) in _offsets)
            {
                if (ledger.Judge(find(group, partition)) is { } problem)
                {
                    return $"group {group} in {partition}: {problem}";
                }
            }

            return null;
        }
    }

    private void With(string partition, Action<PartitionLedger> act)
    {
        lock (_lock)
        {
            if (!_partitions.TryGetValue(partition, out PartitionLedger? ledger))
            {
                _partitions[partition] = ledger = new PartitionLedger();
            }

            act(ledger);
        }
    }

    private void WithOffset(string group, string partition, Action<OffsetLedger> act)
    {
        lock (_lock)
        {
            if (!_offsets.TryGetValue((group, partition), out OffsetLedger? ledger))
            {
                _offsets[(group, partition)] = ledger = new OffsetLedger();
            }

            act(ledger);
        }
    }
}
