using LogQueue.Records;

namespace LogQueue.Client;

/// <summary>
/// Reads records: <c>await foreach (ConsumedRecord record in consumer)</c>. One enumeration at a time; all other members are thread-safe.
/// A record counts as done when the next one is asked for, so what is committed was handled (at least once).
/// </summary>
public sealed class Consumer : IAsyncEnumerable<ConsumedRecord>, IAsyncDisposable
{
    internal Consumer(ConsumerOptions options, Cluster.ClusterView cluster, Action<Consumer> forget)
    {
    }

    /// <summary>The partitions being read now; empty before the first rebalance.</summary>
    public IReadOnlyList<TopicPartition> Assignment => throw new NotSupportedException();

    /// <summary>The records as they come. Cancelling ends it with <see cref="OperationCanceledException"/>; it can be enumerated again and goes on.</summary>
    public IAsyncEnumerator<ConsumedRecord> GetAsyncEnumerator(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>
    /// The records in the portions in which they arrive, each of one partition, in order: the fast way.
    /// A portion counts as done when the next one is asked for.
    /// </summary>
    /// <param name="maxRecords">The most records in a portion.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public IAsyncEnumerable<IReadOnlyList<ConsumedRecord>> ReadBatchesAsync(int maxRecords = 10_000, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Stores the position of all partitions: what was yielded and asked past.</summary>
    public Task CommitAsync(CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Stores the given offsets: of each partition the next one to read.</summary>
    public Task CommitAsync(IReadOnlyDictionary<TopicPartition, long> offsets, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Goes on reading the partition at <paramref name="offset"/>; drops what was read ahead.</summary>
    public void Seek(TopicPartition partition, long offset) => throw new NotSupportedException();

    /// <summary>The offset of the next record that will be yielded; -1 while it is being looked up.</summary>
    public long Position(TopicPartition partition) => throw new NotSupportedException();

    /// <summary>Records between the position and the end as last seen; -1 while unknown.</summary>
    public long Lag(TopicPartition partition) => throw new NotSupportedException();

    /// <summary>Stops yielding and fetching these partitions; membership and position stay.</summary>
    public void Pause(params IReadOnlyList<TopicPartition> partitions) => throw new NotSupportedException();

    /// <summary>Goes on with paused partitions.</summary>
    public void Resume(params IReadOnlyList<TopicPartition> partitions) => throw new NotSupportedException();

    /// <summary>Commits (when automatic), leaves the group and stops, within <see cref="ClientOptions.CloseTimeout"/>.</summary>
    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
