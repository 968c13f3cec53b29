using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Threading.Tasks.Sources;
using LogQueue.Records;

namespace LogQueue.Client.Producing;

/// <summary>
/// Records of one partition that travel together. It is itself the source of every record's ValueTask (the token is the record's number),
/// so that a send allocates nothing of its own. Building and sending belong to its <see cref="PartitionQueue"/>; completion is thread-safe.
/// </summary>
internal sealed class ProducerBatch : IValueTaskSource<RecordMetadata>, IDisposable
{
    /// <summary>Tokens are 16 bits wide.</summary>
    public const int MaxRecords = short.MaxValue;

    private const int Pending = 0;
    private const int Succeeded = 1;
    private const int Failed = 2;
    private const int Divided = 3;

    private readonly Lock _lock = new();
    private readonly PartitionQueue _queue;
    private RecordBatchBuilder? _builder;
    private Memory<byte> _built;
    private long[] _timestamps = new long[16];
    private ProducerBatch? _whole;
    private ProducerBatch[] _parts = [];
    private int _openParts;
    private BatchWaiters? _waiters;
    private Exception? _error;
    private long _baseOffset;
    private long _appendTimestampMs = -1;
    private int _state;

    public ProducerBatch(PartitionQueue queue, long order, long createdTimestamp, RecordBatchBuilderOptions options)
    {
        _queue = queue;
        _builder = new RecordBatchBuilder(options);
        Order = order;
        CreatedTimestamp = createdTimestamp;
    }

    /// <summary>Batches of a partition are sent in this order, retries too.</summary>
    public long Order { get; }

    /// <summary>When its first record came, as a time provider's timestamp.</summary>
    public long CreatedTimestamp { get; }

    public int RecordCount { get; private set; }

    /// <summary>What its records hold of the memory budget.</summary>
    public long BudgetBytes { get; private set; }

    /// <summary>No more records come in.</summary>
    public bool IsSealed { get; set; }

    public ProducerIdentity Identity { get; private set; } = ProducerIdentity.None;

    /// <summary>Number of its first record; -1 before it was given one.</summary>
    public int BaseSequence { get; private set; } = -1;

    /// <summary>How often it was sent.</summary>
    public int Attempts { get; set; }

    public PartitionQueue Queue => _queue;

    public TopicPartition Partition => _queue.Partition;

    public int PlainBytes { get; private set; }

    public bool IsDone => Volatile.Read(ref _state) != Pending;

    /// <summary>Appends unless the batch is full.</summary>
    public bool TryAppend(in OutgoingRecord record, long timestampMs, int budgetBytes)
    {
        if (IsSealed || RecordCount == MaxRecords)
        {
            return false;
        }

        ReadOnlySpan<RecordHeader> headers = record.Headers switch
        {
            null => default,
            RecordHeader[] array => array,
            List<RecordHeader> list => CollectionsMarshal.AsSpan(list),
            { } other => [.. other],
        };
        if (!_builder!.TryAppend(timestampMs, record.Key, record.Value, headers))
        {
            return false;
        }

        if (RecordCount == _timestamps.Length)
        {
            Array.Resize(ref _timestamps, Math.Min(_timestamps.Length * 4, MaxRecords));
        }

        _timestamps[RecordCount++] = timestampMs;
        BudgetBytes += budgetBytes;
        return true;
    }

    /// <summary>Gives it (another) producer identity and sequence; effective with the next <see cref="Bytes"/>.</summary>
    public void Stamp(ProducerIdentity identity, int baseSequence)
    {
        Identity = identity;
        BaseSequence = baseSequence;
        _builder!.SetProducer(identity.Id, identity.Epoch, baseSequence);
        if (!_built.IsEmpty)
        {
            // Compressed before: only the header and the checksum change.
            Span<byte> batch = _built.Span;
            BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchLayout.ProducerIdPosition..], identity.Id);
            BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchLayout.ProducerEpochPosition..], identity.Epoch);
            BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchLayout.BaseSequencePosition..], baseSequence);
            BinaryPrimitives.WriteUInt32BigEndian(
                batch[RecordBatchLayout.CrcPosition..], new RecordBatchView(batch).ComputeCrc());
        }
    }

    /// <summary>The finished batch; compressed at the first call.</summary>
    public ReadOnlyMemory<byte> Bytes()
    {
        if (_built.IsEmpty)
        {
            PlainBytes = _builder!.EstimatedBytes;
            _built = _builder.Build();
        }

        return _built;
    }

    /// <summary>
    /// Divides it into batches that follow each other in its place, with its sequence numbers. The sends of its records complete with
    /// their part, once all parts are done. Only when it is not being sent; gives its buffers back.
    /// </summary>
    public IReadOnlyList<ProducerBatch> Split(RecordBatchBuilderOptions options)
    {
        var parts = new List<ProducerBatch>();
        using (var reader = RecordBatchReader.Open(Bytes()))
        {
            for (int i = 0; reader.TryRead(out Record record); i++)
            {
                var again = new OutgoingRecord(Partition.Topic, record.Key, record.Value) { Headers = record.Headers };
                if (parts.Count == 0 || !parts[^1].TryAppend(again, _timestamps[i], 0))
                {
                    var part = new ProducerBatch(_queue, Order + i, CreatedTimestamp, options) { _whole = this, Attempts = Attempts };
                    part.TryAppend(again, _timestamps[i], 0);
                    parts.Add(part);
                }
            }
        }

        long left = BudgetBytes;
        int first = 0;
        foreach (ProducerBatch part in parts)
        {
            part.IsSealed = true;
            part.BudgetBytes = part == parts[^1] ? left : BudgetBytes * part.RecordCount / RecordCount;
            left -= part.BudgetBytes;
            if (BaseSequence >= 0)
            {
                part.Stamp(Identity, PartitionQueue.SequenceAfter(BaseSequence, first));
            }

            first += part.RecordCount;
        }

        (_parts, _openParts) = ([.. parts], parts.Count);
        Dispose();
        return parts;
    }

    /// <summary>Gives the buffers back. Only when it is done and not being sent.</summary>
    public void Dispose()
    {
        _built = default;
        Interlocked.Exchange(ref _builder, null)?.Dispose();
    }

    /// <summary>Completes every record's send; false when that was done before.</summary>
    public bool TrySucceed(long baseOffset, long appendTimestampMs)
    {
        lock (_lock)
        {
            if (_state != Pending)
            {
                return false;
            }

            _baseOffset = baseOffset;
            _appendTimestampMs = appendTimestampMs;
            Volatile.Write(ref _state, Succeeded);
        }

        Release();
        return true;
    }

    /// <summary>Fails every record's send; false when it was completed before.</summary>
    public bool TryFail(Exception error)
    {
        lock (_lock)
        {
            if (_state != Pending)
            {
                return false;
            }

            _error = error;
            Volatile.Write(ref _state, Failed);
        }

        Release();
        return true;
    }

    /// <summary>Completes, never fails, when the batch is done either way.</summary>
    public async Task WhenDoneAsync()
    {
        try
        {
            await new ValueTask<RecordMetadata>(this, 0).ConfigureAwait(false);
        }
        catch (KafkaException) when (IsDone)
        {
            // Whoever sent the records sees the failure; here only the end matters.
        }
    }

    public RecordMetadata GetResult(short token)
    {
        if (_state == Succeeded)
        {
            long timestamp = _appendTimestampMs >= 0 ? _appendTimestampMs : _timestamps[token];
            return new RecordMetadata(
                _queue.Partition, _baseOffset < 0 ? -1 : _baseOffset + token, DateTimeOffset.FromUnixTimeMilliseconds(timestamp));
        }

        if (_state == Divided)
        {
            return PartOf(ref token).GetResult(token);
        }

        if (_state == Failed)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(_error!);
        }

        throw new InvalidOperationException("The record is not acknowledged yet: await the send.");
    }

    public ValueTaskSourceStatus GetStatus(short token) => Volatile.Read(ref _state) switch
    {
        Pending => ValueTaskSourceStatus.Pending,
        Succeeded => ValueTaskSourceStatus.Succeeded,
        Divided => PartOf(ref token).GetStatus(token),
        _ => ValueTaskSourceStatus.Faulted,
    };

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        lock (_lock)
        {
            if (_state == Pending)
            {
                (_waiters ??= new BatchWaiters()).Add(continuation, state, flags);
                return;
            }
        }

        BatchWaiters.QueueNow(continuation, state, flags);
    }

    private ProducerBatch PartOf(ref short token)
    {
        int i = 0;
        while (token >= _parts[i].RecordCount)
        {
            token -= (short)_parts[i++].RecordCount;
        }

        return _parts[i];
    }

    private void Release()
    {
        _waiters?.Release();
        _whole?.FinishPart();
    }

    private void FinishPart()
    {
        if (Interlocked.Decrement(ref _openParts) != 0)
        {
            return;
        }

        lock (_lock)
        {
            Volatile.Write(ref _state, Divided);
        }

        Release();
    }
}
