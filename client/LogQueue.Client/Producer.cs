using LogQueue.Client.Cluster;
using LogQueue.Client.Connections;
using LogQueue.Client.Producing;

namespace LogQueue.Client;

/// <summary>Sends records in batches. Thread-safe: one producer serves a whole process.</summary>
public sealed class Producer : IAsyncDisposable
{
    private readonly SendEngine _engine;
    private readonly ClientOptions _options;
    private readonly Action<Producer> _forget;
    private int _isDisposed;

    internal Producer(ProducerOptions options, ClusterView cluster, Action<Producer> forget)
    {
        _options = cluster.Options;
        _engine = new SendEngine(options, cluster, new ConnectionPool(cluster.Options));
        _forget = forget;
    }

    /// <summary>What it did so far.</summary>
    public ProducerStatistics Statistics => _engine.Statistics;

    /// <summary>
    /// Sends one record; the task completes when it is acknowledged, with its offset. The call itself returns as soon as the record is
    /// copied into its batch; when <see cref="ProducerOptions.BufferMemoryBytes"/> are in use it waits for space first.
    /// Records of one caller to one partition keep their order. The ValueTask need not be awaited: <see cref="FlushAsync"/> waits for all.
    /// A caller who does not await each send uses <see cref="EnqueueAsync"/>, which holds him back when memory is short.
    /// </summary>
    /// <param name="record">The record.</param>
    /// <param name="cancellationToken">Stops waiting for space. A record that is in its batch is sent all the same.</param>
    /// <exception cref="KafkaException">It was not stored within <see cref="ProducerOptions.DeliveryTimeout"/>, or never can
    /// be.</exception>
    public ValueTask<RecordMetadata> SendAsync(OutgoingRecord record, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        cancellationToken.ThrowIfCancellationRequested();
        TopicSender topic = _engine.Topic(record.Topic);
        return topic.TryAppend(record, out ProducerBatch batch, out short index)
            ? new ValueTask<RecordMetadata>(batch, index)
            : SendLaterAsync(topic.AppendLaterAsync(record, cancellationToken));
    }

    /// <summary>
    /// Buffers one record for sending; completes (nearly always at once) when it has its place in a batch, and so holds the caller back
    /// when memory is short. The fast way for streams: enqueue many, look at the deliveries or call <see cref="FlushAsync"/> later.
    /// </summary>
    /// <param name="record">The record.</param>
    /// <param name="cancellationToken">Stops waiting for space.</param>
    /// <exception cref="KafkaException">The topic cannot be used, or no space came free in time.</exception>
    public ValueTask<Delivery> EnqueueAsync(OutgoingRecord record, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        cancellationToken.ThrowIfCancellationRequested();
        TopicSender topic = _engine.Topic(record.Topic);
        return topic.TryAppend(record, out ProducerBatch batch, out short index)
            ? new ValueTask<Delivery>(new Delivery(batch, index))
            : EnqueueLaterAsync(topic.AppendLaterAsync(record, cancellationToken));
    }

    /// <summary>Sends what is waiting now and returns when all that was sent before the call is acknowledged or has failed.</summary>
    /// <param name="cancellationToken">Stops waiting; the records go on.</param>
    public Task FlushAsync(CancellationToken cancellationToken = default) => _engine.FlushAsync(cancellationToken);

    /// <summary>Flushes within <see cref="ClientOptions.CloseTimeout"/>; what is unacknowledged then fails.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        using (var limit = new CancellationTokenSource(_options.CloseTimeout * 0.8, _options.TimeProvider))
        {
            try
            {
                await _engine.FlushAsync(limit.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // The deadline: disposing the engine fails what is left, and each sender sees it.
            }
        }

        await _engine.DisposeAsync().ConfigureAwait(false);
        _forget(this);
    }

    private static async ValueTask<RecordMetadata> SendLaterAsync(Task<(ProducerBatch Batch, short Index)> place)
    {
        (ProducerBatch batch, short index) = await place.ConfigureAwait(false);
        return await new ValueTask<RecordMetadata>(batch, index).ConfigureAwait(false);
    }

    private static async ValueTask<Delivery> EnqueueLaterAsync(Task<(ProducerBatch Batch, short Index)> place)
    {
        (ProducerBatch batch, short index) = await place.ConfigureAwait(false);
        return new Delivery(batch, index);
    }
}
