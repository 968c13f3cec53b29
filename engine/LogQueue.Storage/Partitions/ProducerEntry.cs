namespace LogQueue.Storage.Partitions;

/// <summary>One batch that an idempotent producer appended.</summary>
internal readonly record struct ProducerBatch(int FirstSequence, int LastSequence, long FirstOffset, long LastOffset);

/// <summary>What a log knows of one producer: its epoch, its last five batches, its open transaction. Guarded by the append lock.</summary>
internal sealed class ProducerEntry(long producerId)
{
    internal const int MostBatches = 5;

    private readonly ProducerBatch[] _batches = new ProducerBatch[MostBatches];
    private int _next;

    public long ProducerId { get; } = producerId;

    public short Epoch { get; set; } = -1;

    public int CoordinatorEpoch { get; set; } = -1;

    /// <summary>The first offset of the open transaction; -1 when none is open.</summary>
    public long TransactionFirstOffset { get; set; } = -1;

    public long LastSeenMs { get; set; }

    public int BatchCount { get; private set; }

    public ProducerBatch LastBatch => _batches[(_next + MostBatches - 1) % MostBatches];

    public int LastSequence => BatchCount == 0 ? -1 : LastBatch.LastSequence;

    public void Remember(ProducerBatch batch)
    {
        _batches[_next] = batch;
        _next = (_next + 1) % MostBatches;
        BatchCount = Math.Min(BatchCount + 1, MostBatches);
    }

    public void ForgetBatches() => BatchCount = 0;

    public bool TryFind(int firstSequence, int lastSequence, out ProducerBatch found)
    {
        for (int i = 1; i <= BatchCount; i++)
        {
            found = _batches[(_next + MostBatches - i) % MostBatches];
            if (found.FirstSequence == firstSequence && found.LastSequence == lastSequence)
            {
                return true;
            }
        }

        found = default;
        return false;
    }

    /// <summary>Takes the longer history of another entry that ends with the same batch.</summary>
    public void AdoptHistory(ProducerEntry other)
    {
        if (other.Epoch == Epoch && other.BatchCount > BatchCount && BatchCount > 0 && other.LastBatch == LastBatch)
        {
            other._batches.CopyTo(_batches, 0);
            _next = other._next;
            BatchCount = other.BatchCount;
        }
    }
}
