using System.Buffers.Binary;
using LogQueue.Records;
using LogQueue.Storage.Indexes;

namespace LogQueue.Storage.Compaction;

/// <summary>
/// Follows transactions through a log that is read in order: which batches belong to aborted ones, and which markers have outlived all data
/// of their transaction. One pass over one log; not thread-safe.
/// </summary>
internal sealed class CleanedTransactions
{
    private readonly AbortedEntry[] _aborted;
    private readonly Dictionary<long, Ongoing> _ongoingAborted = [];
    private readonly HashSet<long> _ongoingCommitted = [];
    private int _next;

    /// <summary>Starts before the first batch.</summary>
    /// <param name="aborted">All aborted transactions of the log's indexes, in any order.</param>
    public CleanedTransactions(IEnumerable<AbortedEntry> aborted) => _aborted = [.. aborted.OrderBy(static a => a.FirstOffset)];

    /// <summary>Takes a data batch in; true when its transaction was aborted, so that nobody may read its records.</summary>
    public bool IsAborted(in RecordBatchView batch)
    {
        Consume(batch);
        if (!batch.IsTransactional)
        {
            return false;
        }

        if (_ongoingAborted.TryGetValue(batch.ProducerId, out Ongoing? ongoing))
        {
            if (batch.LastOffset < ongoing.Entry.LastOffset)
            {
                ongoing.HasData = true;
                return true;
            }

            _ongoingAborted.Remove(batch.ProducerId); // its marker is gone already
        }

        _ongoingCommitted.Add(batch.ProducerId);
        return false;
    }

    /// <summary>Takes a control batch in.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="records">Its records, before the first.</param>
    /// <param name="stillAborted">The index entry to keep, when data of an aborted transaction were met before this marker.</param>
    /// <returns>True when no data of its transaction are left: the marker may go, after its delete horizon.</returns>
    /// <exception cref="CorruptRecordException">An abort marker that no index knows follows data that would be kept.</exception>
    public bool IsMarkerDone(in RecordBatchView batch, RecordCursor records, out AbortedEntry? stillAborted)
    {
        Consume(batch);
        stillAborted = null;
        if (!records.MoveNext())
        {
            return true; // emptied by an earlier pass
        }

        short type = records.Key.Length >= 4 ? BinaryPrimitives.ReadInt16BigEndian(records.Key[2..]) : (short)-1;
        if (type == 1)
        {
            return !_ongoingCommitted.Remove(batch.ProducerId);
        }

        if (type != 0)
        {
            return false; // a kind that is not ours to judge stays
        }

        if (_ongoingAborted.Remove(batch.ProducerId, out Ongoing? ongoing))
        {
            stillAborted = ongoing.HasData ? ongoing.Entry : null;
            return !ongoing.HasData;
        }

        // Data that looked committed: cleaning by it would let aborted records win over good ones, for ever.
        return !_ongoingCommitted.Remove(batch.ProducerId) ? true : throw new CorruptRecordException(
            $"The abort marker at offset {batch.BaseOffset} of producer {batch.ProducerId} is in no transaction index.");
    }

    private void Consume(in RecordBatchView batch)
    {
        for (; _next < _aborted.Length && _aborted[_next].FirstOffset <= batch.LastOffset; _next++)
        {
            if (_aborted[_next].LastOffset >= batch.BaseOffset)
            {
                _ongoingAborted[_aborted[_next].ProducerId] = new Ongoing(_aborted[_next]); // a producer has one at a time
            }
        }
    }

    private sealed record Ongoing(AbortedEntry Entry)
    {
        public bool HasData { get; set; }
    }
}
