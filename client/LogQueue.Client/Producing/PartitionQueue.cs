using LogQueue.Protocol;
using LogQueue.Records;

namespace LogQueue.Client.Producing;

/// <summary>
/// The batches of one partition: waiting, one of them open at the end, and in flight. It gives out sequence numbers and keeps the order:
/// after a failure nothing is sent until everything in flight came back, then all goes again from the first failed one. Thread-safe.
/// </summary>
internal sealed class PartitionQueue(TopicPartition partition, SendContext context)
{
    private readonly Lock _lock = new();
    private readonly List<ProducerBatch> _waiting = [];
    private readonly List<ProducerBatch> _inFlight = [];
    private RecordBatchBuilderOptions _build = context.BuilderOptions;
    private ProducerIdentity _identity = ProducerIdentity.None;
    private int _nextSequence;
    private long _nextOrder;
    private bool _isActive;
    private object? _sender;
    private bool _isRetrying;
    private bool _isEstablished;
    private bool _mustBump;
    private bool _knowsLeader;
    private long _unknownSince = -1;

    public TopicPartition Partition => partition;

    /// <summary>Orders of two batches lie so far apart that the parts of a batch, by record number, find room between them.</summary>
    private const long OrderStep = 1 << 20;

    /// <summary>What went wrong last, for the error of those whose time runs out; null when the last batch was stored.</summary>
    public KafkaException? LastFailure { get; private set; }

    /// <summary>The broker does not know us by this id any more: a fresh producer identity is needed before the next try.</summary>
    public bool NeedsIdentity { get; private set; }

    /// <summary>Failures in a row: how long the next pause is.</summary>
    public int FailureCount { get; private set; }

    /// <summary>Adds a record.</summary>
    /// <returns>
    /// The batch and the record's number in it; MustRoute: the queue was idle and needs a sender; IsFull: a batch was closed.
    /// </returns>
    public (ProducerBatch Batch, short Index, bool MustRoute, bool IsFull) Append(
        in OutgoingRecord record, long timestampMs, int budgetBytes)
    {
        lock (_lock)
        {
            ProducerBatch? open = _waiting.Count > 0 ? _waiting[^1] : null;
            bool isFull = false;
            if (open is null || open.IsSealed || !open.TryAppend(record, timestampMs, budgetBytes))
            {
                if (open is { IsSealed: false })
                {
                    open.IsSealed = true;
                    isFull = true;
                }

                open = new ProducerBatch(this, _nextOrder, context.Time.GetTimestamp(), _build);
                _nextOrder += OrderStep;
                open.TryAppend(record, timestampMs, budgetBytes);
                _waiting.Add(open);
            }

            bool mustRoute = !_isActive && !_isRetrying;
            _isActive |= mustRoute;
            return (open, (short)(open.RecordCount - 1), mustRoute, isFull);
        }
    }

    /// <summary>Only this sender takes from it from now on: a request must not hold two batches of one partition.</summary>
    public void Settle(object sender)
    {
        lock (_lock)
        {
            _sender = sender;
        }
    }

    /// <summary>
    /// Takes the first batch for sending if it may go now. <paramref name="isIdle"/>: nothing is left here for this sender, which forgets
    /// the queue. <paramref name="dueTimestamp"/>: when an unfilled batch may go although others are in flight.
    /// </summary>
    public ProducerBatch? Take(
        object sender, bool mayBePartial, long now, ProducerIdentity identity, out bool isIdle, out long dueTimestamp)
    {
        lock (_lock)
        {
            dueTimestamp = long.MaxValue;
            isIdle = _sender != sender || _isRetrying || _waiting.Count == 0;
            if (isIdle)
            {
                _isActive &= _sender != sender;
                return null;
            }

            if (identity.Id >= 0 && !_isEstablished && _inFlight.Count > 0)
            {
                // A broker that has nothing of us yet takes any number as the first: the second batch must not come before the first.
                return null;
            }

            ProducerBatch first = _waiting[0];
            if (!first.IsSealed && !mayBePartial)
            {
                long due = first.CreatedTimestamp + context.LingerTicks;
                if (now < due)
                {
                    dueTimestamp = due;
                    return null;
                }
            }

            first.IsSealed = true;
            _waiting.RemoveAt(0);
            _inFlight.Add(first);
            if (identity.Id >= 0 && first.BaseSequence < 0)
            {
                StampLocked(first, identity);
            }

            first.Attempts++;
            isIdle = _waiting.Count == 0;
            _isActive = !isIdle;
            return first;
        }
    }

    /// <summary>Takes in what became of a batch that was sent.</summary>
    public QueueStep Complete(ProducerBatch batch, BatchOutcome outcome, bool isExpired)
    {
        bool isEnded;
        QueueStep step;
        lock (_lock)
        {
            _inFlight.Remove(batch);
            bool isTooLarge = outcome.Error is ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge;
            bool isSplit = isTooLarge && !batch.IsDone && !isExpired && batch.RecordCount > 1;
            isEnded = !isSplit && (batch.IsDone || isExpired || outcome.Error is ErrorCode.None or ErrorCode.DuplicateSequenceNumber
                || !MayRetryLocked(batch, outcome));
            LastFailure = outcome.Failure;
            _knowsLeader = outcome.KnowsLeader || (_knowsLeader && _isRetrying);
            if (outcome.Error == ErrorCode.None)
            {
                FailureCount = 0;
                _unknownSince = -1;
                _isEstablished |= batch.Identity == _identity;
            }

            if (!isEnded)
            {
                int at = _waiting.FindIndex(b => b.Order > batch.Order);
                _waiting.InsertRange(at < 0 ? _waiting.Count : at, isSplit ? SplitLocked(batch) : [batch]);
                FailureCount += _isRetrying || isSplit ? 0 : 1;
                _isRetrying = true;
            }

            step = !_isRetrying || _inFlight.Count > 0 ? QueueStep.None
                : _knowsLeader && !NeedsIdentity ? QueueStep.SendOn
                : QueueStep.ScheduleRetry;
        }

        if (isEnded && outcome.Error is ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge && batch.RecordCount == 1)
        {
            outcome = outcome with { Failure = TooLargeAlone(batch, outcome.Failure) };
        }

        if (isEnded)
        {
            context.Finish(batch, outcome);
        }

        return step;
    }

    /// <summary>Ends the retry pause. True when there is something to send: the caller routes it.</summary>
    /// <param name="fresh">The identity asked for by <see cref="NeedsIdentity"/>; else none.</param>
    public bool Resume(ProducerIdentity fresh)
    {
        lock (_lock)
        {
            if (_isRetrying && _inFlight.Count > 0)
            {
                // An older pause ended; the last answer begins another one.
                return false;
            }

            _sender = null;
            _isRetrying = false;
            _knowsLeader = false;
            if (_mustBump && !NeedsIdentity)
            {
                // The next epoch of the same id starts at 0, too, and the broker need not be asked for it.
                fresh = _identity with { Epoch = (short)(_identity.Epoch + 1) };
            }

            if ((NeedsIdentity || _mustBump) && fresh.Id >= 0)
            {
                // What waits was refused, so it is not in the log: numbered anew it cannot be stored twice.
                NeedsIdentity = false;
                _mustBump = false;
                _isEstablished = false;
                _identity = fresh;
                _nextSequence = 0;
                foreach (ProducerBatch batch in _waiting.Where(static b => b.BaseSequence >= 0))
                {
                    StampLocked(batch, fresh);
                }
            }

            _isActive = _waiting.Count > 0;
            return _isActive;
        }
    }

    /// <summary>Closes the open batch and answers all that are not done, for a flush.</summary>
    public void Seal(List<ProducerBatch> unfinished)
    {
        lock (_lock)
        {
            if (_waiting.Count > 0)
            {
                _waiting[^1].IsSealed = true;
            }

            unfinished.AddRange(_waiting);
            unfinished.AddRange(_inFlight);
        }
    }

    /// <summary>
    /// Fails what is older than <paramref name="createdBefore"/>. What is in flight fails too, but is awaited for the order's sake.
    /// </summary>
    public void Expire(long createdBefore, Func<ProducerBatch, KafkaException> error)
    {
        List<ProducerBatch>? expired = null;
        lock (_lock)
        {
            foreach (ProducerBatch batch in _inFlight)
            {
                if (batch.CreatedTimestamp <= createdBefore && batch.TryFail(error(batch)))
                {
                    context.Statistics.Failed(batch.RecordCount);
                }
            }

            for (int i = _waiting.Count - 1; i >= 0; i--)
            {
                if (_waiting[i].CreatedTimestamp <= createdBefore)
                {
                    _waiting[i].IsSealed = true;
                    (expired ??= []).Add(_waiting[i]);
                    _waiting.RemoveAt(i);
                }
            }
        }

        foreach (ProducerBatch batch in expired ?? [])
        {
            context.Finish(batch, BatchOutcome.Lost(error(batch)));
        }
    }

    /// <summary>Takes in whether the cluster knows the partition; true when it has not for longer than is waited for.</summary>
    public bool IsUnknownForLong(bool isUnknown)
    {
        lock (_lock)
        {
            _unknownSince = !isUnknown ? -1 : _unknownSince < 0 ? context.Time.GetTimestamp() : _unknownSince;
            return isUnknown && context.Time.GetElapsedTime(_unknownSince) >= context.ClientOptions.TopicPatience;
        }
    }

    private void StampLocked(ProducerBatch batch, ProducerIdentity identity)
    {
        if (_identity.Id < 0)
        {
            _identity = identity;
        }

        batch.Stamp(_identity, _nextSequence);
        _nextSequence = SequenceAfter(_nextSequence, batch.RecordCount);
    }

    /// <summary>Sequence numbers run to Int32.MaxValue and go on at 0.</summary>
    internal static int SequenceAfter(int sequence, int count) => (int)(((long)sequence + count) & int.MaxValue);

    /// <summary>Divides what the broker found too large, and builds smaller batches from now on.</summary>
    private IReadOnlyList<ProducerBatch> SplitLocked(ProducerBatch batch)
    {
        batch.Bytes();
        int half = Math.Max(RecordBatchLayout.HeaderBytes + 1, batch.PlainBytes / 2);
        _build = _build with { MaxBatchBytes = Math.Min(_build.MaxBatchBytes, half) };
        return batch.Split(_build);
    }

    private static KafkaException TooLargeAlone(ProducerBatch batch, KafkaException? refused) => new(
        ErrorCode.MessageTooLarge,
        $"A record of {batch.PlainBytes - RecordBatchLayout.HeaderBytes} bytes is larger than {batch.Partition.Topic}-"
        + $"{batch.Partition.Partition} takes, even alone in its batch: send smaller records, compress, or raise the topic's "
        + "max.message.bytes.",
        refused?.Broker,
        refused);

    private bool MayRetryLocked(ProducerBatch batch, BatchOutcome outcome)
    {
        ErrorCode error = outcome.Error;
        if (error is ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId)
        {
            _unknownSince = _unknownSince < 0 ? context.Time.GetTimestamp() : _unknownSince;
            return context.Time.GetElapsedTime(_unknownSince) < context.ClientOptions.TopicPatience;
        }

        if (error is not (ErrorCode.OutOfOrderSequenceNumber or ErrorCode.UnknownProducerId or ErrorCode.InvalidProducerEpoch))
        {
            return outcome.Failure is { } failure ? Errors.KafkaErrors.IsRetriable(failure) : Errors.KafkaErrors.IsRetriable(error);
        }

        if (batch.BaseSequence < 0)
        {
            return false;
        }

        // Out of order because an earlier batch is still to be sent again: then the sequence is right and only the moment was wrong.
        bool earlierIsOpen = _inFlight.Concat(_waiting).Any(b => b.Order < batch.Order && b.BaseSequence >= 0);
        bool isRefused = !(error == ErrorCode.OutOfOrderSequenceNumber && earlierIsOpen);
        bool isBumpable = error != ErrorCode.InvalidProducerEpoch && _identity.Epoch < short.MaxValue;

        // Answers of the epoch before say nothing about the one now.
        isRefused &= batch.Identity == _identity;
        NeedsIdentity |= isRefused && !isBumpable;
        _mustBump |= isRefused && isBumpable;
        return true;
    }
}
