using System.Runtime.CompilerServices;
using LogQueue.Client.Cluster;
using LogQueue.Client.Consuming;
using LogQueue.Records;

namespace LogQueue.Client;

/// <summary>
/// Reads records: <c>await foreach (ConsumedRecord record in consumer)</c>. One enumeration at a time; all other members are thread-safe.
/// A record counts as done when the next one is asked for, so what is committed was handled (at least once).
/// </summary>
public sealed class Consumer : IAsyncEnumerable<ConsumedRecord>, IAsyncDisposable
{
    private readonly ConsumeEngine _engine;
    private readonly Action<Consumer> _forget;
    private int _isReading;
    private int _isDisposed;

    internal Consumer(ConsumerOptions options, ClusterView cluster, Action<Consumer> forget)
    {
        _engine = new ConsumeEngine(this, options, cluster);
        _forget = forget;
    }

    /// <summary>The partitions being read now; empty before the first rebalance.</summary>
    public IReadOnlyList<TopicPartition> Assignment => _engine.State.Assignment;

    /// <summary>
    /// The records as they come. Cancelling ends it with <see cref="OperationCanceledException"/>; after the end (or a break) it can be
    /// enumerated again and goes on. Disposing the consumer ends it quietly.
    /// </summary>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <exception cref="InvalidOperationException">Another enumeration is still open.</exception>
    public IAsyncEnumerator<ConsumedRecord> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        Begin();
        return new RecordEnumerator(_engine.State, () => Volatile.Write(ref _isReading, 0), cancellationToken);
    }

    /// <summary>
    /// The records in the portions in which they arrive, each of one partition, in order: the fast way.
    /// A portion counts as done when the next one is asked for.
    /// </summary>
    /// <param name="maxRecords">The most records in a portion.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    public async IAsyncEnumerable<IReadOnlyList<ConsumedRecord>> ReadBatchesAsync(
        int maxRecords = 10_000, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxRecords);
        Begin();
        FetchedChunk? chunk = null;
        int next = 0;
        try
        {
            while ((chunk = await _engine.State.TakeAsync(cancellationToken).ConfigureAwait(false)) is not null)
            {
                next = chunk.Start;
                while (next < chunk.Count && !chunk.MustStop)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    int count = Math.Min(maxRecords, chunk.Count - next);
                    next += count;
                    yield return new ArraySegment<ConsumedRecord>(chunk.Records, next - count, count);
                    chunk.Position = chunk.Records[next - 1].Offset + 1;
                }

                FetchedChunk done = chunk;
                chunk = null;
                _engine.State.GiveBack(done, next, isAskedPast: true);
            }
        }
        finally
        {
            if (chunk is not null)
            {
                _engine.State.GiveBack(chunk, next, isAskedPast: false);
            }

            Volatile.Write(ref _isReading, 0);
        }
    }

    /// <summary>Stores the position of all partitions: what was yielded and asked past.</summary>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="KafkaException">The group refused, or its coordinator does not answer.</exception>
    /// <exception cref="InvalidOperationException">The consumer has no group.</exception>
    public Task CommitAsync(CancellationToken cancellationToken = default) => _engine.CommitAsync(null, cancellationToken);

    /// <summary>Stores the given offsets: of each partition the next one to read.</summary>
    /// <param name="offsets">Partition to offset.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="KafkaException">The group refused, or its coordinator does not answer.</exception>
    /// <exception cref="InvalidOperationException">The consumer has no group.</exception>
    public Task CommitAsync(IReadOnlyDictionary<TopicPartition, long> offsets, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(offsets);
        return _engine.CommitAsync(offsets, cancellationToken);
    }

    /// <summary>Stores the given offsets with a text each, which <see cref="AdminClient.ListGroupOffsetsAsync"/> gives back.</summary>
    /// <param name="offsets">Partition to offset.</param>
    /// <param name="metadata">Partition to text; brokers accept 4,096 bytes unless configured otherwise.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="KafkaException">The group refused, or its coordinator does not answer.</exception>
    /// <exception cref="InvalidOperationException">The consumer has no group.</exception>
    public Task CommitAsync(
        IReadOnlyDictionary<TopicPartition, long> offsets, IReadOnlyDictionary<TopicPartition, string> metadata,
            CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(offsets);
        ArgumentNullException.ThrowIfNull(metadata);
        return _engine.CommitAsync(offsets, cancellationToken, metadata);
    }

    /// <summary>Goes on reading the partition at <paramref name="offset"/>; drops what was read ahead.</summary>
    /// <exception cref="InvalidOperationException">The partition is not assigned to this consumer.</exception>
    public void Seek(TopicPartition partition, long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        _engine.State.Seek(partition, offset);
    }

    /// <summary>The offset of the next record that will be yielded; -1 while it is being looked up.</summary>
    /// <exception cref="InvalidOperationException">The partition is not assigned to this consumer.</exception>
    public long Position(TopicPartition partition) => Read(partition, static p => p.HasPosition ? p.Position : -1);

    /// <summary>Records between the position and the end as last seen; -1 while unknown.</summary>
    /// <exception cref="InvalidOperationException">The partition is not assigned to this consumer.</exception>
    public long Lag(TopicPartition partition) =>
        Read(partition, static p => p.EndOffset >= 0 && p.HasPosition ? Math.Max(0, p.EndOffset - p.Position) : -1);

    /// <summary>Stops yielding and fetching these partitions; membership and position stay.</summary>
    /// <exception cref="InvalidOperationException">A partition is not assigned to this consumer.</exception>
    public void Pause(params IReadOnlyList<TopicPartition> partitions)
    {
        foreach (TopicPartition partition in partitions)
        {
            _engine.State.SetPaused(partition, isPaused: true);
        }
    }

    /// <summary>Goes on with paused partitions.</summary>
    /// <exception cref="InvalidOperationException">A partition is not assigned to this consumer.</exception>
    public void Resume(params IReadOnlyList<TopicPartition> partitions)
    {
        foreach (TopicPartition partition in partitions)
        {
            _engine.State.SetPaused(partition, isPaused: false);
        }
    }

    /// <summary>Commits (when automatic), leaves the group and stops, within <see cref="ClientOptions.CloseTimeout"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            await _engine.DisposeAsync().ConfigureAwait(false);
            _forget(this);
        }
    }

    private void Begin()
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        if (Interlocked.Exchange(ref _isReading, 1) != 0)
        {
            throw new InvalidOperationException("Another enumeration of this consumer is still open: a consumer has one reader.");
        }

        _engine.Start();
    }

    private long Read(TopicPartition id, Func<ReadPartition, long> read) => _engine.State.Read(partitions =>
        partitions.TryGetValue(id, out ReadPartition? partition)
            ? read(partition)
            : throw new InvalidOperationException($"{id.Topic}-{id.Partition} is not assigned to this consumer (any more)."));
}
