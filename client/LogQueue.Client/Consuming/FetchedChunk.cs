namespace LogQueue.Client.Consuming;

/// <summary>
/// Records of one partition, in order, ready to be yielded. Written by the fetch that made it, then read by the one reader;
/// <see cref="MustStop"/> and <see cref="Position"/> may be read and set by others.
/// </summary>
internal sealed class FetchedChunk(ReadPartition partition, ConsumedRecord[] records, int count, long nextOffset, long sizeBytes)
{
    private long _position = -1;
    private volatile bool _mustStop;

    public ReadPartition Partition => partition;

    public ConsumedRecord[] Records => records;

    /// <summary>Records in <see cref="Records"/>.</summary>
    public int Count => count;

    /// <summary>The first record that was not yielded yet.</summary>
    public int Start { get; set; }

    /// <summary>Where reading goes on after it, also past records that are not shown.</summary>
    public long NextOffset => nextOffset;

    /// <summary>What it holds of the read-ahead bound.</summary>
    public long SizeBytes => sizeBytes;

    /// <summary>Somebody sought, paused or rebalances: yield nothing more without asking again.</summary>
    public bool MustStop
    {
        get => _mustStop;
        set => _mustStop = value;
    }

    /// <summary>The offset after the last record that was asked past; -1 before the first.</summary>
    public long Position
    {
        get => Volatile.Read(ref _position);
        set => Volatile.Write(ref _position, value);
    }
}
