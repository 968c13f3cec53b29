using System.Collections.Concurrent;
using LogQueue.Client.Connections;
using LogQueue.Client.Errors;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Records;

namespace LogQueue.Client.Cluster;

/// <summary>
/// Keeps the picture of the cluster: one refresh at a time writes it, everybody reads the latest <see cref="Snapshot"/>. Thread-safe.
/// </summary>
internal sealed class ClusterView : IAsyncDisposable
{
    private readonly BrokerAddress[] _bootstrap;
    private readonly ConnectionPool _connections;
    private readonly ConcurrentDictionary<string, bool> _topics = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly ITimer _timer;
    private ClusterSnapshot _snapshot = ClusterSnapshot.Empty;
    private int _nextBroker;

    public ClusterView(BrokerAddress[] bootstrap, ConnectionPool connections)
    {
        _bootstrap = bootstrap;
        _connections = connections;
        TimeSpan age = connections.Options.MetadataMaxAge;
        _timer = connections.Options.TimeProvider.CreateTimer(static state => ((ClusterView)state!).RefreshInBackground(), this, age, age);
    }

    public ClusterSnapshot Snapshot => Volatile.Read(ref _snapshot);

    public ClientOptions Options => _connections.Options;

    public ConnectionPool Connections => _connections;

    /// <summary>Reads the picture again unless somebody did since <paramref name="seenVersion"/>.</summary>
    /// <exception cref="KafkaException">No broker answered in one round over all of them.</exception>
    public async Task<ClusterSnapshot> RefreshAsync(long seenVersion, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (Snapshot.Version <= seenVersion)
            {
                MetadataResponse response = await AskAsync(cancellationToken).ConfigureAwait(false);
                Change(before => Merge(before, response));
            }

            return Snapshot;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>
    /// The topic, waiting for it (and, where <paramref name="mayCreate"/>, making the broker create it) up to <paramref name="patience"/>.
    /// </summary>
    /// <exception cref="KafkaException">It does not exist, may not be used, or no broker answered.</exception>
    public async Task<TopicSnapshot> GetTopicAsync(string name, bool mayCreate, TimeSpan patience, CancellationToken cancellationToken)
    {
        Watch(name, mayCreate);
        long started = Options.TimeProvider.GetTimestamp();
        for (int attempt = 1; ; attempt++)
        {
            ClusterSnapshot seen = Snapshot;
            KafkaException problem;
            if (attempt > 1 || !seen.Topics.ContainsKey(name))
            {
                try
                {
                    seen = await RefreshAsync(seen.Version, cancellationToken).ConfigureAwait(false);
                }
                catch (KafkaException e) when (KafkaErrors.IsRetriable(e) && Options.TimeProvider.GetElapsedTime(started) < patience)
                {
                    await Backoff.DelayAsync(Options, attempt, cancellationToken).ConfigureAwait(false);
                    continue;
                }
            }

            if (seen.Topics.TryGetValue(name, out TopicSnapshot? topic) && topic.Error == ErrorCode.None && topic.Partitions.Length > 0)
            {
                return topic;
            }

            problem = KafkaErrors.Of(
                topic?.Error is { } code and not ErrorCode.None ? code : ErrorCode.UnknownTopicOrPartition, $"Topic '{name}'");
            if (!problem.IsRetriable || Options.TimeProvider.GetElapsedTime(started) >= patience)
            {
                Unwatch(name);
                throw problem;
            }

            await Backoff.DelayAsync(Options, attempt, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Takes in what a broker that does not lead a partition said about who does. True when asking that one is the next step: it is
    /// another broker than <paramref name="askedId"/>, and of a later epoch than known, or known by now from somebody else's answer.
    /// </summary>
    public bool LearnLeader(TopicPartition partition, int askedId, int leaderId, int leaderEpoch, BrokerAddress? address)
    {
        bool isKnown = false;
        bool isNew = Change(before =>
        {
            PartitionSnapshot? known = before.Topics.TryGetValue(partition.Topic, out TopicSnapshot? topic)
                && partition.Partition < topic.Partitions.Length ? topic.Partitions[partition.Partition] : null;
            bool isUsable = leaderId >= 0 && leaderId != askedId && (address is not null || before.Brokers.ContainsKey(leaderId));
            isKnown = isUsable && known is not null && known.LeaderId == leaderId && known.LeaderEpoch == leaderEpoch;
            return isUsable && known?.LeaderEpoch < leaderEpoch
                ? WithLeader(before, topic!, partition, leaderId, leaderEpoch, address)
                : null;
        });
        return isNew || isKnown;
    }

    private static ClusterSnapshot WithLeader(
        ClusterSnapshot before, TopicSnapshot topic, TopicPartition partition, int leaderId, int leaderEpoch, BrokerAddress? address)
    {
        var partitions = (PartitionSnapshot[])topic.Partitions.Clone();
        partitions[partition.Partition] = partitions[partition.Partition] with { LeaderId = leaderId, LeaderEpoch = leaderEpoch };
        var topics = new Dictionary<string, TopicSnapshot>(before.Topics, StringComparer.Ordinal)
        {
            [partition.Topic] = topic with { Partitions = partitions },
        };
        var brokers = new Dictionary<int, BrokerAddress>(before.Brokers);
        brokers[leaderId] = address ?? brokers[leaderId];
        return before with { Version = before.Version + 1, Brokers = brokers, Topics = topics };
    }

    /// <summary>Includes the topic in refreshes.</summary>
    public void Watch(string topic, bool mayCreate) =>
        _topics.AddOrUpdate(topic, static (_, create) => create, static (_, before, create) => before || create, mayCreate);

    /// <summary>Leaves the topic out of refreshes.</summary>
    public void Unwatch(string topic) => _topics.TryRemove(topic, out _);

    /// <summary>Every reachable broker in turn, known ones first, until <paramref name="call"/> works.</summary>
    /// <exception cref="KafkaException">None worked: the last one's error.</exception>
    public async Task<T> WithAnyBrokerAsync<T>(Func<BrokerConnection, CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        BrokerAddress[] known = [.. Snapshot.Brokers.Values];
        int first = unchecked((int)((uint)Interlocked.Increment(ref _nextBroker) % (uint)Math.Max(known.Length, 1)));
        IEnumerable<BrokerAddress> candidates = known.Skip(first).Concat(known.Take(first)).Concat(_bootstrap).Distinct();
        KafkaException? last = null;
        foreach (BrokerAddress address in candidates)
        {
            try
            {
                BrokerConnection connection = await _connections.GetAsync(address, ConnectionUse.General, cancellationToken)
                    .ConfigureAwait(false);
                return await call(connection, cancellationToken).ConfigureAwait(false);
            }
            catch (KafkaException e) when (e.ErrorCode is ErrorCode.NetworkException or ErrorCode.RequestTimedOut)
            {
                last = e;
            }
        }

        throw last!;
    }

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync().ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
    }

    private void RefreshInBackground() => _ = RefreshQuietlyAsync();

    private async Task RefreshQuietlyAsync()
    {
        try
        {
            await RefreshAsync(Snapshot.Version, _stop.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is KafkaException or OperationCanceledException or ObjectDisposedException)
        {
            // A refresh by age is a courtesy: whoever needs the picture asks for it and sees the error there.
        }
    }

    /// <summary>
    /// Asks about all topics; those that may be created before, by themselves: the others must not come back when they were deleted.
    /// </summary>
    private async Task<MetadataResponse> AskAsync(CancellationToken cancellationToken)
    {
        string[] mayCreate = [.. _topics.Where(static t => t.Value).Select(static t => t.Key)];
        if (mayCreate.Length > 0)
        {
            MetadataResponse created = await AskAsync(mayCreate, mayCreate: true, cancellationToken).ConfigureAwait(false);
            foreach (MetadataResponse.MetadataResponseTopic topic in created.Topics)
            {
                if (topic is { ErrorCode: ErrorCode.None, Name: { } name })
                {
                    _topics.TryUpdate(name, false, true);
                }
            }

            if (mayCreate.Length == _topics.Count)
            {
                return created;
            }
        }

        return await AskAsync([.. _topics.Keys], mayCreate: false, cancellationToken).ConfigureAwait(false);
    }

    private Task<MetadataResponse> AskAsync(string[] topics, bool mayCreate, CancellationToken cancellationToken)
    {
        var request = new MetadataRequest
        {
            Topics = Array.ConvertAll(topics, static t => new MetadataRequest.MetadataRequestTopic { Name = t }),
            AllowAutoTopicCreation = mayCreate,
        };
        return WithAnyBrokerAsync(
            async (connection, ct) =>
            {
                using Answer<MetadataResponse> answer =
                    await connection.RequestAsync<MetadataRequest, MetadataResponse>(request, cancellationToken: ct).ConfigureAwait(false);
                return answer.Message;
            },
            cancellationToken);
    }

    /// <summary>The picture is also changed by answers that name a leader: whoever comes second starts from what the first left.</summary>
    private bool Change(Func<ClusterSnapshot, ClusterSnapshot?> change)
    {
        while (true)
        {
            ClusterSnapshot before = Snapshot;
            ClusterSnapshot? after = change(before);
            if (after is null || Interlocked.CompareExchange(ref _snapshot, after, before) == before)
            {
                return after is not null;
            }
        }
    }

    private static ClusterSnapshot Merge(ClusterSnapshot last, MetadataResponse response)
    {
        var brokers = new Dictionary<int, BrokerAddress>();
        var racks = new Dictionary<int, string?>();
        foreach (MetadataResponse.MetadataResponseBroker broker in response.Brokers)
        {
            brokers[broker.NodeId] = new BrokerAddress(broker.Host, broker.Port);
            racks[broker.NodeId] = broker.Rack;
        }

        var topics = new Dictionary<string, TopicSnapshot>(StringComparer.Ordinal);
        foreach (MetadataResponse.MetadataResponseTopic topic in response.Topics)
        {
            if (topic.Name is { } name)
            {
                last.Topics.TryGetValue(name, out TopicSnapshot? before);
                topics[name] = TopicOf(topic, name, before);
            }
        }

        return new ClusterSnapshot(last.Version + 1, response.ClusterId, response.ControllerId, brokers, racks, topics);
    }

    internal static TopicSnapshot TopicOf(MetadataResponse.MetadataResponseTopic topic, string name, TopicSnapshot? before = null)
    {
        int count = topic.Partitions.Length == 0 ? 0 : topic.Partitions.Max(static p => p.PartitionIndex) + 1;
        var partitions = new PartitionSnapshot[Math.Min(count, 1_000_000)];
        Array.Fill(partitions, new PartitionSnapshot(-1, -1, [], []));
        foreach (MetadataResponse.MetadataResponsePartition p in topic.Partitions)
        {
            if (p.PartitionIndex < 0 || p.PartitionIndex >= partitions.Length)
            {
                continue;
            }

            partitions[p.PartitionIndex] = new PartitionSnapshot(p.LeaderId, p.LeaderEpoch, p.ReplicaNodes, p.IsrNodes);

            // An answer from a broker that lags behind must not undo a newer one of the same topic.
            if (before is not null && before.Id == topic.TopicId && p.PartitionIndex < before.Partitions.Length
                && before.Partitions[p.PartitionIndex] is { } old && old.LeaderEpoch > p.LeaderEpoch && p.LeaderEpoch >= 0)
            {
                partitions[p.PartitionIndex] = old;
            }
        }

        return new TopicSnapshot(name, topic.TopicId, topic.IsInternal, topic.ErrorCode, partitions);
    }
}
