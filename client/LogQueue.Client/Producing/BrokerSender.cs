using LogQueue.Client.Connections;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;

namespace LogQueue.Client.Producing;

/// <summary>
/// The loop that sends one producer's batches to one broker: up to MaxInFlight requests, each with one batch per partition. Full batches
/// go at once; unfilled ones when nothing is in flight (or their linger is over). Thread-safe.
/// </summary>
internal sealed class BrokerSender
{
    private readonly Lock _lock = new();
    private readonly List<PartitionQueue> _active = [];
    private readonly HashSet<PartitionQueue> _members = [];
    private readonly AsyncSignal _signal = new();
    private readonly SendContext _context;
    private readonly SendEngine _engine;
    private readonly int _brokerId;
    private readonly ITimer _lingerTimer;
    private int _inFlight;
    private int _next;

    public BrokerSender(int brokerId, SendContext context, SendEngine engine)
    {
        _brokerId = brokerId;
        _context = context;
        _engine = engine;
        _lingerTimer =
            context.Time.CreateTimer(static s => ((AsyncSignal)s!).Set(), _signal, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Takes over a queue that has something to send.</summary>
    public void Add(PartitionQueue queue)
    {
        lock (_lock)
        {
            queue.Settle(this);
            if (_members.Add(queue))
            {
                _active.Add(queue);
            }
        }

        _signal.Set();
    }

    /// <summary>Something changed: look again.</summary>
    public void Wake() => _signal.Set();

    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await _signal.WaitAsync(stop).ConfigureAwait(false);
                await _engine.Identities.EnsureAsync(stop).ConfigureAwait(false);
                while (InFlight < _context.Options.MaxInFlight && Collect() is { Count: > 0 } batches)
                {
                    Interlocked.Increment(ref _inFlight);
                    await SendAsync(batches, stop).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The producer closes; it fails what is left.
        }
        catch (Exception e)
        {
            _engine.Fault(e);
        }
        finally
        {
            await _lingerTimer.DisposeAsync().ConfigureAwait(false);
        }
    }

    private List<ProducerBatch> Collect()
    {
        var batches = new List<ProducerBatch>(1);
        bool mayBePartial = (_context.IsAdaptive && InFlight == 0) || _context.Budget.HasWaiters;
        long now = _context.Time.GetTimestamp();
        long earliestDue = long.MaxValue;
        long bytes = 0;
        lock (_lock)
        {
            int count = _active.Count;
            for (int visited = 0; visited < count && bytes < _context.Options.MaxRequestBytes; visited++)
            {
                _next = _next >= _active.Count ? 0 : _next;
                PartitionQueue queue = _active[_next];
                ProducerBatch? batch = queue.Take(this, mayBePartial, now, _engine.Identities.Current, out bool isIdle, out long due);
                earliestDue = Math.Min(earliestDue, due);
                if (isIdle)
                {
                    _active.RemoveAt(_next);
                    _members.Remove(queue);
                }
                else
                {
                    _next++;
                }

                if (batch is not null)
                {
                    batches.Add(batch);
                    bytes += batch.BudgetBytes;
                }
            }
        }

        if (earliestDue != long.MaxValue)
        {
            TimeSpan wait = TimeSpan.FromSeconds((earliestDue - now) / (double)_context.Time.TimestampFrequency);
            _lingerTimer.Change(wait < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : wait, Timeout.InfiniteTimeSpan);
        }

        return batches;
    }

    private async Task SendAsync(List<ProducerBatch> batches, CancellationToken stop)
    {
        BrokerConnection? connection = null;
        try
        {
            connection = await _engine.ConnectAsync(_brokerId, stop).ConfigureAwait(false);
            ProduceRequest request = ProduceExchange.Encode(batches, _context.Options.Acks, _context.ClientOptions.RequestTimeout);
            foreach (ProducerBatch batch in batches)
            {
                _context.Statistics.Sent(batch.Bytes().Length, batch.Attempts > 1);
            }

            short version = connection.Versions.Pick<ProduceRequest>(ProduceExchange.VersionCap);
            bool expectAnswer = _context.Options.Acks != Acks.None;
            PendingRequest pending = await connection.SendAsync(request, version, default, expectAnswer, stop).ConfigureAwait(false);
            if (expectAnswer)
            {
                _ = AwaitAnswerAsync(batches, pending, connection);
                return;
            }

            Finish(batches, [.. batches.Select(static _ => new BatchOutcome(ErrorCode.None, -1, -1, null))]);
        }
        catch (Exception e)
        {
            Finish(batches, Lost(batches, e, connection));
        }
    }

    private async Task AwaitAnswerAsync(List<ProducerBatch> batches, PendingRequest pending, BrokerConnection connection)
    {
        BatchOutcome[] outcomes;
        try
        {
            using LogQueue.Wire.Memory.PooledBuffer frame = await pending.Answer.ConfigureAwait(false);
            ProduceResponse response = BrokerConnection.Decode<ProduceResponse>(frame, pending.Version);
            outcomes = ProduceExchange.Decode(batches, response, connection.Address.ToString(), _brokerId, _engine.Cluster);
        }
        catch (Exception e)
        {
            outcomes = Lost(batches, e, connection);
        }

        Finish(batches, outcomes);
    }

    private void Finish(List<ProducerBatch> batches, BatchOutcome[] outcomes)
    {
        Interlocked.Decrement(ref _inFlight);
        for (int i = 0; i < outcomes.Length; i++)
        {
            _engine.Complete(batches[i], outcomes[i]);
        }

        _signal.Set();
    }

    private static BatchOutcome[] Lost(List<ProducerBatch> batches, Exception error, BrokerConnection? connection)
    {
        // A request that cannot be made (no common version, too large a frame) will not work later either: its own code says so.
        KafkaException failure = error as KafkaException
            ?? new KafkaException(
                error is OperationCanceledException or ObjectDisposedException ? ErrorCode.NetworkException : ErrorCode.UnknownServerError,
                $"Sending failed: {error.Message}",
                connection?.Address.ToString(),
                error);
        return [.. batches.Select(_ => BatchOutcome.Lost(failure))];
    }
}
