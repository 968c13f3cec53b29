using System.Buffers.Binary;
using LogQueue.Records;
using LogQueue.Storage.Indexes;
using LogQueue.Wire;

namespace LogQueue.Storage.Partitions;

/// <summary>What the sequence check says.</summary>
internal enum SequenceVerdict
{
    Accept,
    Duplicate,
    OutOfOrder,
    InvalidEpoch,
    InvalidTransaction,
}

/// <summary>
/// Sequences and open transactions of the producers of one log. Derived from the log; a snapshot only shortens the replay.
/// Guarded by the append lock.
/// </summary>
internal sealed class ProducerStateTable
{
    private readonly Dictionary<long, ProducerEntry> _entries = [];
    private readonly SortedSet<long> _open = []; // first offsets of open transactions
    private readonly List<(long FirstOffset, long MarkerOffset)> _decided = [];

    public int Count => _entries.Count;

    public IEnumerable<ProducerEntry> Entries => _entries.Values;

    /// <summary>
    /// Checks a data batch before it is appended. For a duplicate, <paramref name="original"/> tells where the first one is.
    /// </summary>
    public SequenceVerdict Check(in RecordBatchView batch, out ProducerBatch original)
    {
        original = default;
        if (batch.ProducerId < 0)
        {
            return batch.IsTransactional ? SequenceVerdict.InvalidTransaction : SequenceVerdict.Accept;
        }

        if (!_entries.TryGetValue(batch.ProducerId, out ProducerEntry? entry))
        {
            return SequenceVerdict.Accept; // expired or deleted state: any sequence starts it anew
        }

        if (batch.ProducerEpoch < entry.Epoch)
        {
            return SequenceVerdict.InvalidEpoch;
        }

        if (batch.ProducerEpoch > entry.Epoch)
        {
            return batch.BaseSequence == 0 ? SequenceVerdict.Accept : SequenceVerdict.OutOfOrder;
        }

        if (entry.TryFind(batch.BaseSequence, batch.LastSequence, out original))
        {
            return SequenceVerdict.Duplicate;
        }

        if (!batch.IsTransactional && entry.TransactionFirstOffset >= 0)
        {
            return SequenceVerdict.InvalidTransaction;
        }

        if (PlantedBugs.IsOn(PlantedBug.SkipSequenceCheck))
        {
            return SequenceVerdict.Accept;
        }

        int last = entry.LastSequence;
        int expected = last == int.MaxValue ? 0 : last + 1;
        return batch.BaseSequence == expected ? SequenceVerdict.Accept : SequenceVerdict.OutOfOrder;
    }

    /// <summary>Takes over an appended (or replayed) batch. Returns the aborted transaction that it ends, if it does.</summary>
    public AbortedEntry? Apply(in RecordBatchView batch, long seenMs)
    {
        if (batch.ProducerId < 0)
        {
            return null;
        }

        ProducerEntry entry = GetOrAdd(batch.ProducerId);
        entry.LastSeenMs = seenMs;
        if (batch.IsControl)
        {
            return ApplyMarker(entry, batch);
        }

        if (entry.Epoch != batch.ProducerEpoch)
        {
            entry.ForgetBatches();
            entry.Epoch = batch.ProducerEpoch;
        }

        entry.Remember(new ProducerBatch(batch.BaseSequence, batch.LastSequence, batch.BaseOffset, batch.LastOffset));
        if (batch.IsTransactional && entry.TransactionFirstOffset < 0)
        {
            entry.TransactionFirstOffset = batch.BaseOffset;
            _open.Add(batch.BaseOffset);
        }

        return null;
    }

    /// <summary>
    /// The first offset that is not yet decided, or decided by a marker at or past the high watermark; null when all is stable.
    /// </summary>
    public long? FirstUnstableOffset(long highWatermark)
    {
        long first = FirstOpenOffset();
        for (int i = _decided.Count - 1; i >= 0; i--)
        {
            if (_decided[i].MarkerOffset < highWatermark)
            {
                _decided.RemoveAt(i);
            }
            else
            {
                first = Math.Min(first, _decided[i].FirstOffset);
            }
        }

        return first == long.MaxValue ? null : first;
    }

    /// <summary>Restores an entry of a snapshot.</summary>
    public void Restore(ProducerEntry entry)
    {
        _entries[entry.ProducerId] = entry;
        if (entry.TransactionFirstOffset >= 0)
        {
            _open.Add(entry.TransactionFirstOffset);
        }
    }

    /// <summary>Takes longer batch histories from a table that was replayed over the same end of the log.</summary>
    public void AdoptHistory(ProducerStateTable replayed)
    {
        foreach (ProducerEntry entry in _entries.Values)
        {
            if (replayed._entries.TryGetValue(entry.ProducerId, out ProducerEntry? longer))
            {
                entry.AdoptHistory(longer);
            }
        }
    }

    /// <summary>Forgets producers that were not seen for long and have no transaction open.</summary>
    public int Expire(long nowMs, long idleMs)
    {
        List<long>? expired = null;
        foreach (ProducerEntry entry in _entries.Values)
        {
            if (entry.TransactionFirstOffset < 0 && nowMs - entry.LastSeenMs >= idleMs)
            {
                (expired ??= []).Add(entry.ProducerId);
            }
        }

        foreach (long id in expired ?? [])
        {
            _entries.Remove(id);
        }

        return expired?.Count ?? 0;
    }

    private AbortedEntry? ApplyMarker(ProducerEntry entry, in RecordBatchView batch)
    {
        if (batch.ProducerEpoch > entry.Epoch) // also of a marker that the cleaner emptied: its header is kept for the epoch
        {
            entry.Epoch = batch.ProducerEpoch;
            entry.ForgetBatches();
        }

        if (!TryReadMarker(batch.RecordsSection, out bool isAbort, out int coordinatorEpoch))
        {
            return null;
        }

        entry.CoordinatorEpoch = coordinatorEpoch;
        long first = entry.TransactionFirstOffset;
        if (first < 0)
        {
            return null;
        }

        entry.TransactionFirstOffset = -1;
        _open.Remove(first);
        _decided.Add((first, batch.LastOffset));
        if (!isAbort)
        {
            return null;
        }

        return new AbortedEntry(entry.ProducerId, first, batch.LastOffset, Math.Min(batch.NextOffset, FirstOpenOffset()));
    }

    /// <summary>
    /// Reads the one record of a transaction marker: key int16 version, int16 type (0 abort, 1 commit); value int16, int32 epoch.
    /// </summary>
    private static bool TryReadMarker(ReadOnlySpan<byte> record, out bool isAbort, out int coordinatorEpoch)
    {
        isAbort = false;
        coordinatorEpoch = -1;
        if (!Varint.TryReadZigZag32(record, out _, out int read) || record.Length < read + 1)
        {
            return false;
        }

        record = record[(read + 1)..]; // the length, then the attributes
        if (!Varint.TryReadZigZag64(record, out _, out read) || !Varint.TryReadZigZag32(record = record[read..], out _, out read)
            || !Varint.TryReadZigZag32(record = record[read..], out int keyBytes, out read) || keyBytes < 4
                || record.Length < read + keyBytes)
        {
            return false;
        }

        short type = BinaryPrimitives.ReadInt16BigEndian(record[(read + 2)..]);
        record = record[(read + keyBytes)..];
        if (Varint.TryReadZigZag32(record, out int valueBytes, out read) && valueBytes >= 6 && record.Length >= read + 6)
        {
            coordinatorEpoch = BinaryPrimitives.ReadInt32BigEndian(record[(read + 2)..]);
        }

        isAbort = type == 0;
        return type is 0 or 1;
    }

    private long FirstOpenOffset() => _open.Count > 0 ? _open.Min : long.MaxValue;

    private ProducerEntry GetOrAdd(long producerId)
    {
        if (!_entries.TryGetValue(producerId, out ProducerEntry? entry))
        {
            _entries[producerId] = entry = new ProducerEntry(producerId);
        }

        return entry;
    }
}
