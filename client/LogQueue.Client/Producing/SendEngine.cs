using System.Collections.Concurrent;
using LogQueue.Client.Cluster;
using LogQueue.Client.Connections;
using LogQueue.Protocol;

namespace LogQueue.Client.Producing;

/// <summary>Ties a producer's parts together: topics, partition queues, the senders of the brokers, retries, expiry. Thread-safe.</summary>
internal sealed class SendEngine : IAsyncDisposable
{
    private readonly SendContext _context;
    private readonly ConnectionPool _connections;
    private readonly ConcurrentDictionary<string, TopicSender> _topics = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<int, BrokerSender> _senders = new();
    private readonly ConcurrentDictionary<PartitionQueue, int> _queues = new();
    private readonly ConcurrentDictionary<Task, bool> _inLine = new();
    private readonly ConcurrentBag<Task> _loops = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly RetryLoop _retries;
    private readonly ITimer _expiry;
    private TopicSender? _lastTopic;
    private string? _lastName;
    private Exception? _fault;
    private uint _spread;

    public SendEngine(ProducerOptions options, ClusterView cluster, ConnectionPool connections)
    {
        _context = new SendContext(options, cluster.Options);
        _connections = connections;
        Cluster = cluster;
        Identities = new IdentitySource(cluster, options.IsIdempotent);
        Stop = _stop.Token;
        _retries = new RetryLoop(_context, this);
        _loops.Add(Task.Run(() => _retries.RunAsync(Stop), CancellationToken.None));
        TimeSpan tick = TimeSpan.FromMilliseconds(Math.Clamp(options.DeliveryTimeout.TotalMilliseconds / 8, 5, 1000));
        _expiry = _context.Time.CreateTimer(static s => ((SendEngine)s!).Expire(), this, tick, tick);
    }

    public ClusterView Cluster { get; }

    public IdentitySource Identities { get; }

    public CancellationToken Stop { get; }

    public ProducerStatistics Statistics =>
        _context.Statistics.Read(_context.Budget.UsedBytes, _senders.Values.Sum(static s => s.InFlight));

    /// <summary>The sender of a topic; the last one used is found without a look-up.</summary>
    public TopicSender Topic(string name)
    {
        if (_fault is { } fault)
        {
            throw Stopped(fault);
        }

        TopicSender? last = Volatile.Read(ref _lastTopic);
        if (last is not null && ReferenceEquals(name, Volatile.Read(ref _lastName)) && last.IsOf(name))
        {
            return last;
        }

        ArgumentException.ThrowIfNullOrEmpty(name);
        TopicSender found = _topics.GetOrAdd(name, static (n, self) => new TopicSender(n, self._context, self), this);
        Volatile.Write(ref _lastTopic, found);
        Volatile.Write(ref _lastName, name);
        return found;
    }

    public Task ResolveAsync(string topic, CancellationToken cancellationToken) =>
        Cluster.GetTopicAsync(topic, mayCreate: true, Cluster.Options.TopicPatience, cancellationToken);

    public void Register(PartitionQueue queue) => _queues.TryAdd(queue, 0);

    /// <summary>Remembers a send that stands in line, for flushes.</summary>
    public void LineUp(Task place)
    {
        _inLine.TryAdd(place, true);
        _ = place.ContinueWith(
            static (t, s) => ((ConcurrentDictionary<Task, bool>)s!).TryRemove(t, out _),
            _inLine,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    /// <summary>Gives the queue to its leader's sender, or to the retry loop while there is none.</summary>
    public void Route(PartitionQueue queue)
    {
        if (!TryRoute(queue))
        {
            _retries.Add(queue);
        }
    }

    /// <summary>Gives the queue to its leader's sender.</summary>
    public bool TryRoute(PartitionQueue queue)
    {
        int leader = Cluster.Snapshot.LeaderOf(queue.Partition);
        if (leader < 0)
        {
            Cluster.Watch(queue.Partition.Topic, mayCreate: false);
            return false;
        }

        SenderOf(leader).Add(queue);
        return true;
    }

    /// <summary>Tells the queue's sender that a batch is full.</summary>
    public void Wake(PartitionQueue queue)
    {
        int leader = Cluster.Snapshot.LeaderOf(queue.Partition);
        if (leader >= 0 && _senders.TryGetValue(leader, out BrokerSender? sender))
        {
            sender.Wake();
        }
    }

    public ValueTask<BrokerConnection> ConnectAsync(int brokerId, CancellationToken cancellationToken) =>
        Cluster.Snapshot.Brokers.TryGetValue(brokerId, out BrokerAddress address)
            ? _connections.GetAsync(address, ConnectionUse.Produce, cancellationToken)
            : throw new KafkaException(ErrorCode.LeaderNotAvailable, $"Broker {brokerId} has left the cluster.");

    public void Complete(ProducerBatch batch, BatchOutcome outcome)
    {
        PartitionQueue queue = batch.Queue;
        switch (queue.Complete(batch, outcome, _context.IsExpired(batch) || Stop.IsCancellationRequested))
        {
            case QueueStep.ScheduleRetry:
                _retries.Add(queue);
                break;
            case QueueStep.SendOn when queue.Resume(ProducerIdentity.None):
                Route(queue);
                break;
        }
    }

    /// <summary>The next partition for records without key: an even walk, not the same one twice.</summary>
    public int NextSpread(int count, int last)
    {
        uint step = unchecked(Interlocked.Increment(ref _spread) * 2654435769u);
        int next = (int)((ulong)step * (uint)count >> 32);
        return next != last ? next : (next + 1) % count;
    }

    /// <summary>An error that should not be: every send fails with it from now on.</summary>
    public void Fault(Exception error)
    {
        _fault ??= error;
        ExpireAll(_ => Stopped(error));
    }

    /// <summary>Returns when all that was sent before is done.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        Task[] inLine = [.. _inLine.Keys];
        do
        {
            var unfinished = new List<ProducerBatch>();
            foreach (PartitionQueue queue in _queues.Keys)
            {
                queue.Seal(unfinished);
            }

            foreach (BrokerSender sender in _senders.Values)
            {
                sender.Wake();
            }

            await Task.WhenAll(unfinished.Select(static b => b.WhenDoneAsync())).WaitAsync(cancellationToken).ConfigureAwait(false);
            if (unfinished.Count == 0 && inLine.Any(static t => !t.IsCompleted))
            {
                await Task.WhenAny(inLine.Where(static t => !t.IsCompleted)).WaitAsync(cancellationToken).ConfigureAwait(false);
            }
            else if (unfinished.Count == 0)
            {
                return;
            }
        }
        while (inLine.Length > 0);
    }

    /// <summary>Stops all loops; what is not acknowledged fails.</summary>
    public async ValueTask DisposeAsync()
    {
        await _expiry.DisposeAsync().ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        ExpireAll(static batch => new KafkaException(
            ErrorCode.RequestTimedOut,
                $"The producer was closed before {batch.RecordCount} records of {batch.Partition.Topic} were acknowledged."));
        await _connections.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(_loops).ConfigureAwait(false);
        Identities.Dispose();
        _stop.Dispose();
    }

    private static KafkaException Stopped(Exception error) => new(
        (error as KafkaException)?.ErrorCode ?? ErrorCode.UnknownServerError,
        $"The producer stopped: {error.Message}",
        (error as KafkaException)?.Broker,
        error);

    private BrokerSender SenderOf(int brokerId)
    {
        if (_senders.TryGetValue(brokerId, out BrokerSender? known))
        {
            return known;
        }

        lock (_senders)
        {
            if (!_senders.TryGetValue(brokerId, out BrokerSender? sender))
            {
                sender = new BrokerSender(brokerId, _context, this);
                _senders[brokerId] = sender;
                _loops.Add(Task.Run(() => sender.RunAsync(Stop), CancellationToken.None));
            }

            return sender;
        }
    }

    private void Expire()
    {
        long before = _context.Time.GetTimestamp() - _context.Ticks(_context.Options.DeliveryTimeout);
        foreach (PartitionQueue queue in _queues.Keys)
        {
            queue.Expire(before, _context.TimedOut);
        }
    }

    private void ExpireAll(Func<ProducerBatch, KafkaException> error)
    {
        foreach (PartitionQueue queue in _queues.Keys)
        {
            queue.Expire(long.MaxValue, error);
        }
    }
}
