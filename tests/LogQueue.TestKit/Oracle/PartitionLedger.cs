namespace LogQueue.TestKit.Oracle;

/// <summary>What is owed about one partition. Guarded by its <see cref="DurabilityOracle"/>.</summary>
internal sealed class PartitionLedger
{
    private readonly Dictionary<long, (long Offset, long Transaction)> _attempted = [];
    private readonly HashSet<long> _markers = [];
    private readonly SortedList<long, long> _owed = [];
    private long _tagsWithoutOffset;

    internal bool IsDeleted { get; set; }

    internal long LogStartIs { get; set; }

    internal long LogStartMayBe { get; set; }

    internal Dictionary<long, TransactionFate> Transactions { get; private set; } = [];

    internal void Attempt(long tag, long offset, long transaction)
    {
        if (tag == DurabilityOracle.Marker)
        {
            _markers.Add(offset);
            return;
        }

        _attempted[tag] = (offset, transaction);
        _tagsWithoutOffset += offset == DurabilityOracle.Unknown ? 1 : 0;
    }

    internal void Acknowledge(long tag, long offset) => Owe(tag, offset, "acknowledged");

    internal void Observe(long tag, long offset) => Owe(tag, offset, "seen by a consumer");

    internal void BeginTruncate(long offset)
    {
        while (_owed.Count > 0 && _owed.GetKeyAtIndex(_owed.Count - 1) >= offset)
        {
            _owed.RemoveAt(_owed.Count - 1);
        }
    }

    internal void EndTruncate(long offset)
    {
        foreach (long tag in _attempted.Where(a => a.Value.Offset >= offset).Select(static a => a.Key).ToArray())
        {
            _attempted.Remove(tag);
        }

        _markers.RemoveWhere(m => m >= offset);
        foreach (long transaction in Transactions.Where(t => t.Value.MarkerOffset >= offset).Select(static t => t.Key).ToArray())
        {
            Transactions.Remove(transaction);
        }
    }

    internal string? Judge(FoundLog found) => IsDeleted ? null
        : found.Damage is { } damage ? $"reported as damaged, and no disk did wrong: {damage}"
        : JudgeBounds(found) ?? JudgeRecords(found) ?? JudgeOwed(found) ?? JudgeTransactions(found);

    internal PartitionLedger Copy()
    {
        var copy = new PartitionLedger
        {
            IsDeleted = IsDeleted,
            LogStartIs = LogStartIs,
            LogStartMayBe = LogStartMayBe,
            Transactions = new Dictionary<long, TransactionFate>(Transactions),
            _tagsWithoutOffset = _tagsWithoutOffset,
        };
        foreach ((long tag, (long, long) attempt) in _attempted)
        {
            copy._attempted[tag] = attempt;
        }

        foreach ((long offset, long tag) in _owed)
        {
            copy._owed[offset] = tag;
        }

        copy._markers.UnionWith(_markers);
        return copy;
    }

    private void Owe(long tag, long offset, string how)
    {
        if (_owed.TryGetValue(offset, out long other) && other != tag)
        {
            throw new InvalidOperationException($"Offset {offset} was given to {other} and is now {how} as {tag}.");
        }

        _owed[offset] = tag;
        if (tag != DurabilityOracle.Marker && _attempted.TryGetValue(tag, out (long Offset, long Transaction) attempt)
            && attempt.Offset == DurabilityOracle.Unknown)
        {
            _attempted[tag] = (offset, attempt.Transaction);
            _tagsWithoutOffset--;
        }
    }

    private string? JudgeBounds(FoundLog found)
    {
        if (found.LogStart < LogStartIs || found.LogStart > Math.Max(LogStartIs, LogStartMayBe))
        {
            return $"the log starts at {found.LogStart}; {LogStartIs} was answered, {LogStartMayBe} asked for";
        }

        long owedEnd = _owed.Count == 0 ? 0 : _owed.GetKeyAtIndex(_owed.Count - 1) + 1;
        return found.End < owedEnd ? $"the log ends at {found.End}; {owedEnd - 1} was acknowledged or seen" : null;
    }

    private string? JudgeRecords(FoundLog found)
    {
        long expected = found.LogStart;
        HashSet<long>? seen = _tagsWithoutOffset > 0 ? [] : null; // known offsets cannot repeat
        foreach (FoundRecord record in found.Records)
        {
            if (record.Offset != expected)
            {
                return $"offset {record.Offset} comes where {expected} should";
            }

            expected++;
            if (record.Tag == DurabilityOracle.Marker)
            {
                if (_markers.Count > 0 && !_markers.Contains(record.Offset))
                {
                    return $"a marker at {record.Offset} that nobody wrote";
                }

                continue;
            }

            if (!_attempted.TryGetValue(record.Tag, out (long Offset, long Transaction) attempt))
            {
                return $"record {record.Tag} at {record.Offset} was never appended to this partition";
            }

            if (attempt.Offset != DurabilityOracle.Unknown ? attempt.Offset != record.Offset : seen?.Add(record.Tag) == false)
            {
                return $"record {record.Tag} is at {record.Offset}, and belongs to {attempt.Offset} once";
            }
        }

        return expected == found.End ? null : $"the records end at {expected}, the log at {found.End}";
    }

    private string? JudgeOwed(FoundLog found)
    {
        for (int i = _owed.Count - 1; i >= 0 && _owed.GetKeyAtIndex(i) >= found.LogStart; i--)
        {
            long offset = _owed.GetKeyAtIndex(i);
            long tag = found.Records[(int)(offset - found.LogStart)].Tag;
            if (tag != _owed.GetValueAtIndex(i))
            {
                return $"offset {offset} held {_owed.GetValueAtIndex(i)} when it was acknowledged or seen, and now holds {tag}";
            }
        }

        return null;
    }

    private string? JudgeTransactions(FoundLog found)
    {
        if (found.CommittedTags is not { } visible)
        {
            return null;
        }

        foreach (FoundRecord record in found.Records)
        {
            if (record.Tag == DurabilityOracle.Marker)
            {
                continue;
            }

            long transaction = _attempted[record.Tag].Transaction;
            bool isDecided = Transactions.TryGetValue(transaction, out TransactionFate fate) && fate.MarkerOffset < found.End;
            bool expected = record.Offset < found.LastStable && (transaction == 0 || (isDecided && fate.IsCommit));
            if (visible.Contains(record.Tag) != expected)
            {
                return $"record {record.Tag} at {record.Offset} of transaction {transaction} ("
                    + (!isDecided ? "open" : fate.IsCommit ? "committed" : "aborted")
                    + $") is {(expected ? "hidden from" : "shown to")} read_committed; last stable offset {found.LastStable}";
            }

            if (transaction != 0 && !isDecided && record.Offset < found.LastStable)
            {
                return $"the last stable offset {found.LastStable} is past {record.Offset} of the open transaction {transaction}";
            }
        }

        return null;
    }
}
