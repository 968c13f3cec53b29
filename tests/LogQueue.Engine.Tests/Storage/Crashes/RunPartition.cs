using LogQueue.Storage.Partitions;

namespace LogQueue.Engine.Tests.Storage.Crashes;

/// <summary>What a run knows of one of its partitions.</summary>
internal sealed class RunPartition(string name)
{
    private int _retiredProducers;

    public string Name { get; } = name;

    /// <summary>The running log; null while it is opened, closed or deleted.</summary>
    public PartitionLog? Log { get; set; }

    /// <summary>True while it is being deleted and made anew.</summary>
    public bool IsDeleted { get; set; }

    /// <summary>Records in the log, oldest first.</summary>
    public List<(long Offset, long Tag)> Entries { get; } = [];

    /// <summary>Base offsets of its batches.</summary>
    public List<long> Batches { get; } = [];

    /// <summary>How many entries are promised already.</summary>
    public int Promised { get; set; }

    /// <summary>True while its end is cut off: on the disk, what is cut may still be there.</summary>
    public bool IsCutting { get; set; }

    /// <summary>The log end before the append that runs now; -1 when none runs.</summary>
    public long EndBeforeAppend { get; set; } = -1;

    /// <summary>Batches of the idempotent producer in the log, with their bytes.</summary>
    public List<(long BaseOffset, int NextSequence, byte[] Bytes)> Sent { get; } = [];

    /// <summary>Batches of the transactional producer: their next sequences.</summary>
    public List<(long BaseOffset, int NextSequence)> TransactionalSent { get; } = [];

    /// <summary>Transactions: number, first offset, marker's offset (-1 while open).</summary>
    public List<(long Number, long FirstOffset, long MarkerOffset)> Transactions { get; } = [];

    /// <summary>How often it was made: each has producers of its own.</summary>
    public int Incarnation { get; private set; }

    /// <summary>The producer of its transactions.</summary>
    public long TransactionalProducerId => 200 + Incarnation + (1000 * _retiredProducers);

    public long End => Entries.Count == 0 ? 0 : Entries[^1].Offset + 1;

    public long OpenTransaction => Transactions.Count > 0 && Transactions[^1].MarkerOffset < 0 ? Transactions[^1].Number : 0;

    /// <summary>The next transaction is that of a new producer.</summary>
    public void RetireTransactionalProducer()
    {
        TransactionalSent.Clear();
        _retiredProducers++;
    }

    /// <summary>Forgets what lies at or past an offset.</summary>
    public void CutTo(long offset)
    {
        Entries.RemoveAll(e => e.Offset >= offset);
        Batches.RemoveAll(b => b >= offset);
        Sent.RemoveAll(s => s.BaseOffset >= offset);
        TransactionalSent.RemoveAll(s => s.BaseOffset >= offset);
        Transactions.RemoveAll(t => t.FirstOffset >= offset);
        Promised = Math.Min(Promised, Entries.Count);
        for (int i = 0; i < Transactions.Count; i++)
        {
            if (Transactions[i].MarkerOffset >= offset)
            {
                Transactions[i] = Transactions[i] with { MarkerOffset = -1 };
            }
        }
    }

    /// <summary>It was deleted and is made anew.</summary>
    public void Restart()
    {
        CutTo(0);
        Incarnation++;
    }
}
