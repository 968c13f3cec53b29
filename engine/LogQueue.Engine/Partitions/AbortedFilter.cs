using LogQueue.Records;
using LogQueue.Storage;

namespace LogQueue.Engine.Partitions;

/// <summary>
/// Tells which batches of one read belong to aborted transactions: from a transaction's first offset to its marker. Walk the batches in
/// order. Not thread-safe.
/// </summary>
internal sealed class AbortedFilter
{
    private readonly HashSet<long> _aborting = [];
    private AbortedTransaction[] _transactions = [];
    private int _next;

    /// <summary>Starts with the answer of a read.</summary>
    public void Begin(AbortedTransaction[] transactions)
    {
        _aborting.Clear();
        _next = 0;
        _transactions = transactions;
        if (transactions.Length > 1)
        {
            _transactions = [.. transactions];
            Array.Sort(_transactions, static (a, b) => a.FirstOffset.CompareTo(b.FirstOffset));
        }
    }

    /// <summary>True for a batch whose records nobody shall see.</summary>
    public bool IsAborted(in RecordBatchView batch)
    {
        if (_transactions.Length == 0)
        {
            return false;
        }

        for (; _next < _transactions.Length && _transactions[_next].FirstOffset <= batch.LastOffset; _next++)
        {
            _aborting.Add(_transactions[_next].ProducerId);
        }

        if (batch.IsControl)
        {
            // Only an abort marker can end a transaction that is known to be aborted.
            _aborting.Remove(batch.ProducerId);
            return false;
        }

        return batch.IsTransactional && _aborting.Contains(batch.ProducerId);
    }
}
