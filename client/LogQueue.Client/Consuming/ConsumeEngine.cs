using LogQueue.Client.Cluster;
using LogQueue.Client.Connections;
using LogQueue.Client.Errors;
using LogQueue.Client.Groups;
using LogQueue.Protocol;
using LogQueue.Records;

namespace LogQueue.Client.Consuming;

/// <summary>Ties a consumer's parts together: assignment, positions, fetches, commits. Thread-safe.</summary>
internal sealed class ConsumeEngine : IGroupHost, IAsyncDisposable
{
    private readonly Consumer _consumer;
    private readonly ConsumerOptions _options;
    private readonly ClusterView _cluster;
    private readonly ConnectionPool _connections;
    private readonly Fetcher _fetcher;
    private readonly PositionLoop _positions;
    private readonly GroupMembership? _membership;
    private readonly OffsetCommitter? _committer;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _stopMembership = new();
    private readonly List<Task> _loops = [];
    private Task _membershipLoop = Task.CompletedTask;
    private int _isStarted;

    public ConsumeEngine(Consumer consumer, ConsumerOptions options, ClusterView cluster)
    {
        _consumer = consumer;
        _options = options;
        _cluster = cluster;
        _connections = new ConnectionPool(cluster.Options);
        State = new ReadState(options, Kick);
        _fetcher = new Fetcher(options, cluster, _connections, State, _ => _positions!.Wake());
        GroupOffsetClient? committed = null;
        if (options.Group is { } group)
        {
            var coordinator = new CoordinatorLocator(cluster, _connections, group);
            committed = new GroupOffsetClient(coordinator);
            _membership = options.Partitions is null ? new GroupMembership(options, cluster, coordinator, this) : null;
            _committer = new OffsetCommitter(State, committed, () => _membership is null ? GroupIdentity.Outsider : _membership.Identity);
        }

        var resolver = new StartResolver(options, new OffsetLookup(cluster, _connections), committed, cluster.Options.RequestTimeout);
        _positions = new PositionLoop(cluster, State, resolver, _fetcher.Kick);
    }

    public ReadState State { get; }

    /// <summary>Starts reading; only the first call does something.</summary>
    public void Start()
    {
        if (Interlocked.Exchange(ref _isStarted, 1) != 0)
        {
            return;
        }

        Run(_positions.RunAsync);
        if (_membership is not null)
        {
            foreach (string topic in _options.Topics)
            {
                _cluster.Watch(topic, mayCreate: false);
            }

            _membershipLoop = Task.Run(() => _membership.RunAsync(_stopMembership.Token), CancellationToken.None);
        }
        else
        {
            Run(AssignByHandAsync);
        }

        if (_committer is not null && _options.AutoCommit)
        {
            Run(CommitByClockAsync);
        }
    }

    public Task CommitAsync(
        IReadOnlyDictionary<TopicPartition, long>? offsets,
        CancellationToken cancellationToken,
        IReadOnlyDictionary<TopicPartition, string>? metadata = null)
    {
        OffsetCommitter committer = _committer
            ?? throw new InvalidOperationException("Without a group there is nowhere to commit: set ConsumerOptions.Group.");
        TimeSpan patience = _cluster.Options.OperationTimeout;
        return offsets is null
            ? committer.CommitPositionsAsync(null, patience, cancellationToken)
            : committer.CommitAsync(offsets, metadata, patience, cancellationToken);
    }

    /// <summary>Commits, leaves, stops: within the close timeout, whatever the brokers do.</summary>
    public async ValueTask DisposeAsync()
    {
        State.Close();
        using var deadline = new CancellationTokenSource(_cluster.Options.CloseTimeout * 0.8, _cluster.Options.TimeProvider);
        try
        {
            await _stopMembership.CancelAsync().ConfigureAwait(false);
            await _membershipLoop.WaitAsync(deadline.Token).ConfigureAwait(false);
            GroupIdentity? identity = _membership is null ? GroupIdentity.Outsider : _membership.Identity;
            await HandOverAsync(identity, State.Assignment, deadline.Token).ConfigureAwait(false);
            if (_membership is not null)
            {
                await _membership.LeaveAsync(deadline.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is KafkaException or OperationCanceledException or ObjectDisposedException)
        {
            // Closing goes on: an unreachable coordinator finds out by the session timeout, and uncommitted records come again.
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        await _connections.DisposeAsync().ConfigureAwait(false);
        await _fetcher.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(_loops).ConfigureAwait(false);
        State.Clear();
        _committer?.Dispose();
        _stopMembership.Dispose();
        _stop.Dispose();
    }

    public async Task RevokeAsync(GroupIdentity identity, CancellationToken cancellationToken)
    {
        await WaitForHandlerAsync(State.FreezeAsync(), cancellationToken).ConfigureAwait(false);
        await HandOverAsync(identity, State.Assignment, cancellationToken).ConfigureAwait(false);
        State.Clear();
    }

    public async Task ReviseAsync(
        GroupIdentity identity,
        IReadOnlyList<TopicPartition> revoked,
        IReadOnlyList<TopicPartition> added,
        CancellationToken cancellationToken)
    {
        if (revoked.Count > 0)
        {
            await WaitForHandlerAsync(State.FreezeAsync(revoked), cancellationToken).ConfigureAwait(false);
            await HandOverAsync(identity, revoked, cancellationToken).ConfigureAwait(false);
            State.Remove(revoked);
        }

        State.Add(added);
        if (added.Count > 0)
        {
            await WelcomeAsync(added, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task WaitForHandlerAsync(Task quiet, CancellationToken cancellationToken)
    {
        TimeSpan patience = Min(_options.RebalanceTimeout * 0.8, _options.SessionTimeout * 0.6);
        try
        {
            await quiet.WaitAsync(patience, _cluster.Options.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // The handler is slower than the group can wait: its record comes again to the next owner.
        }
    }

    public async Task LoseAsync(CancellationToken cancellationToken)
    {
        TopicPartition[] lost = State.Assignment;
        _ = State.FreezeAsync();
        State.Clear();
        if (_options.RebalanceListener is { } listener && lost.Length > 0)
        {
            await listener.OnLostAsync(_consumer, lost, cancellationToken).ConfigureAwait(false);
        }
    }

    public async Task AssignAsync(GroupIdentity identity, IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        State.Assign(partitions);
        await WelcomeAsync(partitions, cancellationToken).ConfigureAwait(false);
    }

    private async Task WelcomeAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        if (_options.RebalanceListener is { } listener)
        {
            await listener.OnAssignedAsync(_consumer, partitions, cancellationToken).ConfigureAwait(false);
        }

        await RefreshForAsync(partitions, cancellationToken).ConfigureAwait(false);
        _positions.Wake();
    }

    public void Fail(Exception error) => State.Fail(error);

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private void Kick() => _fetcher?.Kick();

    private void Run(Func<CancellationToken, Task> loop) => _loops.Add(Task.Run(() => loop(_stop.Token), CancellationToken.None));

    /// <summary>The listener's last word, then the commit.</summary>
    private async Task HandOverAsync(
        GroupIdentity? identity, IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        if (_membership is not null && _options.RebalanceListener is { } listener && partitions.Count > 0)
        {
            await listener.OnRevokedAsync(_consumer, partitions, cancellationToken).ConfigureAwait(false);
        }

        if (_committer is not null && _options.AutoCommit && identity is not null)
        {
            try
            {
                await _committer.CommitPositionsAsync(identity, _cluster.Options.RequestTimeout, cancellationToken).ConfigureAwait(false);
            }
            catch (KafkaException)
            {
                // The group has moved on without us: what was not committed comes again to the next owner.
            }
        }
    }

    private async Task AssignByHandAsync(CancellationToken stop)
    {
        try
        {
            var partitions = new List<TopicPartition>(_options.Partitions ?? []);
            foreach (string topic in _options.Topics)
            {
                TopicSnapshot found = await _cluster.GetTopicAsync(topic, mayCreate: false, _cluster.Options.TopicPatience, stop)
                    .ConfigureAwait(false);
                partitions.AddRange(Enumerable.Range(0, found.Partitions.Length).Select(p => new TopicPartition(topic, p)));
            }

            State.Assign(partitions);
            await RefreshForAsync(partitions, stop).ConfigureAwait(false);
            _positions.Wake();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The consumer closes.
        }
        catch (Exception e)
        {
            State.Fail(e);
        }
    }

    private async Task RefreshForAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        foreach (TopicPartition partition in partitions)
        {
            _cluster.Watch(partition.Topic, mayCreate: false);
        }

        ClusterSnapshot snapshot = _cluster.Snapshot;
        if (partitions.Any(p => snapshot.LeaderOf(p) < 0))
        {
            try
            {
                await _cluster.RefreshAsync(snapshot.Version, cancellationToken).ConfigureAwait(false);
            }
            catch (KafkaException e) when (KafkaErrors.IsRetriable(e))
            {
                // The position loop goes on trying and reports what stays wrong.
            }
        }
    }

    private async Task CommitByClockAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(_options.AutoCommitInterval, _cluster.Options.TimeProvider);
        try
        {
            while (await timer.WaitForNextTickAsync(stop).ConfigureAwait(false))
            {
                GroupIdentity? identity = _membership is null ? GroupIdentity.Outsider : _membership.Identity;
                if (identity is not null)
                {
                    await CommitQuietlyAsync(identity, stop).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The consumer closes and commits once more.
        }
    }

    private async Task CommitQuietlyAsync(GroupIdentity identity, CancellationToken stop)
    {
        try
        {
            await _committer!.CommitPositionsAsync(identity, _options.AutoCommitInterval, stop).ConfigureAwait(false);
        }
        catch (KafkaException e) when (e.ErrorCode is not (ErrorCode.GroupAuthorizationFailed or ErrorCode.TopicAuthorizationFailed))
        {
            // A rebalance or a lost broker: the next round commits the same and more.
        }
        catch (KafkaException e)
        {
            State.Fail(e);
        }
    }
}
