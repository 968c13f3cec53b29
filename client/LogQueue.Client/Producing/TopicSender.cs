using LogQueue.Client.Cluster;
using LogQueue.Protocol;
using LogQueue.Records;

namespace LogQueue.Client.Producing;

/// <summary>
/// Chooses the partition of each record of one topic. A record that cannot be taken at once (topic not looked up yet, no memory left)
/// stands in line, and everything behind it too, so that order holds. Thread-safe.
/// </summary>
internal sealed class TopicSender(string topic, SendContext context, SendEngine engine)
{
    /// <summary>Records without key stay in one partition for this many bytes: full batches, and still spread.</summary>
    private const int StickyBytes = 16 * 1024;

    private readonly Lock _lock = new();
    private readonly Queue<WaitingSend> _line = new();
    private volatile PartitionQueue[] _partitions = [];
    private ClusterSnapshot? _seen;
    private int _lineLength;
    private int _sticky = -1;
    private int _stickyBytes;

    public bool IsOf(string name) => string.Equals(topic, name, StringComparison.Ordinal);

    /// <summary>Appends without waiting; false when the record must stand in line.</summary>
    /// <exception cref="KafkaException">The record can never be taken.</exception>
    public bool TryAppend(in OutgoingRecord record, out ProducerBatch batch, out short index)
    {
        int size = SizeOf(record);
        if (Volatile.Read(ref _lineLength) != 0 || !LookUp() || !context.Budget.TryAcquire(size))
        {
            (batch, index) = (null!, 0);
            return false;
        }

        (batch, index) = Append(record, size);
        return true;
    }

    /// <summary>Stands in line; the result is the record's place. Key and value are copied.</summary>
    public Task<(ProducerBatch Batch, short Index)> AppendLaterAsync(in OutgoingRecord record, CancellationToken cancellationToken)
    {
        var waiting = new WaitingSend(record with { Key = Copy(record.Key), Value = Copy(record.Value) });
        bool mustPump;
        lock (_lock)
        {
            _line.Enqueue(waiting);
            mustPump = _lineLength++ == 0;
        }

        engine.LineUp(waiting.Place.Task);
        if (mustPump)
        {
            _ = Task.Run(PumpAsync, CancellationToken.None);
        }

        return cancellationToken.CanBeCanceled ? waiting.WaitAsync(cancellationToken) : waiting.Place.Task;
    }

    /// <summary>Spelled out: a bare null would turn into empty, not null, memory.</summary>
    private static ReadOnlyMemory<byte>? Copy(ReadOnlyMemory<byte>? bytes) => bytes is { } b ? b.ToArray() : default(ReadOnlyMemory<byte>?);

    private static int SizeOf(in OutgoingRecord record)
    {
        int size = (record.Key?.Length ?? 0) + (record.Value?.Length ?? 0) + 24;
        if (record.Headers is { } headers)
        {
            foreach (RecordHeader header in headers)
            {
                size += (header.Key.Length * 3) + (header.Value?.Length ?? 0) + 8;
            }
        }

        return size;
    }

    private (ProducerBatch Batch, short Index) Append(in OutgoingRecord record, int size)
    {
        PartitionQueue[] partitions = _partitions;
        PartitionQueue queue;
        try
        {
            queue = partitions[Choose(record, size, partitions.Length)];
        }
        catch (KafkaException)
        {
            context.Budget.Release(size);
            throw;
        }

        long timestampMs = (record.Timestamp ?? context.Time.GetUtcNow()).ToUnixTimeMilliseconds();
        (ProducerBatch batch, short index, bool mustRoute, bool isFull) = queue.Append(record, timestampMs, size);
        if (mustRoute)
        {
            engine.Route(queue);
        }
        else if (isFull)
        {
            engine.Wake(queue);
        }

        return (batch, index);
    }

    private int Choose(in OutgoingRecord record, int size, int count)
    {
        if (record.Partition is { } asked)
        {
            return asked >= 0 && asked < count ? asked : throw new KafkaException(
                ErrorCode.UnknownTopicOrPartition, $"Topic '{topic}' has partitions 0 to {count - 1}, not {asked}.");
        }

        if (record.Key is { } key)
        {
            return Murmur2.PartitionOf(key.Span, count);
        }

        // Races between callers only make a partition a little more or less sticky.
        int sticky = Volatile.Read(ref _sticky);
        if (sticky < 0 || sticky >= count || Interlocked.Add(ref _stickyBytes, size) > StickyBytes)
        {
            sticky = engine.NextSpread(count, sticky);
            Volatile.Write(ref _sticky, sticky);
            Volatile.Write(ref _stickyBytes, 0);
        }

        return sticky;
    }

    /// <summary>Whether the partitions are known; follows a topic that grew.</summary>
    private bool LookUp()
    {
        ClusterSnapshot snapshot = engine.Cluster.Snapshot;
        if (ReferenceEquals(snapshot, Volatile.Read(ref _seen)))
        {
            return _partitions.Length > 0;
        }

        lock (_lock)
        {
            if (snapshot.Topics.TryGetValue(topic, out TopicSnapshot? found) && found.Error == ErrorCode.None
                && found.Partitions.Length > _partitions.Length)
            {
                int before = _partitions.Length;
                var grown = new PartitionQueue[found.Partitions.Length];
                _partitions.CopyTo(grown, 0);
                for (int i = before; i < grown.Length; i++)
                {
                    grown[i] = new PartitionQueue(new TopicPartition(topic, i), context);
                    engine.Register(grown[i]);
                }

                _partitions = grown;
            }

            Volatile.Write(ref _seen, snapshot);
        }

        return _partitions.Length > 0;
    }

    private async Task PumpAsync()
    {
        while (true)
        {
            WaitingSend first;
            lock (_lock)
            {
                first = _line.Peek();
            }

            await ServeAsync(first).ConfigureAwait(false);
            lock (_lock)
            {
                _line.Dequeue();
                if (--_lineLength == 0)
                {
                    return;
                }
            }
        }
    }

    private async Task ServeAsync(WaitingSend waiting)
    {
        if (waiting.Place.Task.IsCompleted)
        {
            return;
        }

        int size = SizeOf(waiting.Record);
        using var limit = new CancellationTokenSource(context.Options.DeliveryTimeout, context.Time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, engine.Stop);
        try
        {
            if (!LookUp())
            {
                await engine.ResolveAsync(topic, linked.Token).ConfigureAwait(false);
                LookUp();
            }

            if (size > context.Budget.LimitBytes)
            {
                throw new KafkaException(
                    ErrorCode.MessageTooLarge, $"A record of {size} bytes is larger than BufferMemoryBytes ({context.Budget.LimitBytes}).");
            }

            await context.Budget.AcquireAsync(size, linked.Token).ConfigureAwait(false);
            if (waiting.Place.Task.IsCompleted)
            {
                context.Budget.Release(size);
                return;
            }

            waiting.Place.TrySetResult(Append(waiting.Record, size));
        }
        catch (OperationCanceledException) when (engine.Stop.IsCancellationRequested)
        {
            waiting.Fail(new ObjectDisposedException(nameof(Producer), "The producer was closed before the record could be sent."));
        }
        catch (OperationCanceledException e)
        {
            waiting.Fail(new KafkaException(
                ErrorCode.RequestTimedOut,
                $"No room for a record of topic '{topic}' within {context.Options.DeliveryTimeout.TotalSeconds:0.#} s: "
                + "the broker takes records too slowly.",
                innerException: e));
        }
        catch (Exception e)
        {
            waiting.Fail(e);
        }
    }

    /// <summary>A record that stands in line.</summary>
    private sealed class WaitingSend(OutgoingRecord record)
    {
        public OutgoingRecord Record { get; } = record;

        public TaskCompletionSource<(ProducerBatch Batch, short Index)> Place { get; } =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Fail(Exception error)
        {
            if (Place.TrySetException(error))
            {
                // Looked at: a caller who does not await the send leaves no unobserved exception.
                _ = Place.Task.Exception;
            }
        }

        public async Task<(ProducerBatch Batch, short Index)> WaitAsync(CancellationToken cancellationToken)
        {
            using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
                static (state, token) => ((WaitingSend)state!).Place.TrySetCanceled(token), this);
            return await Place.Task.ConfigureAwait(false);
        }
    }
}
