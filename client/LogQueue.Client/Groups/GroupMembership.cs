using LogQueue.Client.Cluster;
using LogQueue.Client.Connections;
using LogQueue.Client.Errors;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Records;

namespace LogQueue.Client.Groups;

/// <summary>
/// Keeps a consumer in its group: join, share out (as leader), take the assignment, heartbeat, and again at every rebalance. One loop.
/// </summary>
internal sealed class GroupMembership(ConsumerOptions options, ClusterView cluster, CoordinatorLocator coordinator, IGroupHost host)
{
    private readonly GroupExchange _exchange = new(coordinator, options);
    private readonly bool _isCooperative = Assignors.IsCooperative(options.Assignors);
    private List<TopicPartition> _owned = [];
    private long _lastContact;
    private string _memberId = "";
    private GroupIdentity? _identity;
    private bool _isAssigned;
    private bool _isLeader;
    private long _partitionSum;

    /// <summary>As whom offsets are committed now; null while not a member.</summary>
    public GroupIdentity? Identity => Volatile.Read(ref _identity);

    /// <summary>Stays a member until stopped, or until the group refuses for good (then the host is told).</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        int failures = 0;
        try
        {
            while (true)
            {
                try
                {
                    bool isSettled = await JoinAsync(stop).ConfigureAwait(false);
                    failures = 0;
                    if (isSettled)
                    {
                        await StayAsync(stop).ConfigureAwait(false);
                    }
                }
                catch (KafkaException e) when (MayRejoin(e))
                {
                    await RecoverAsync(e, stop).ConfigureAwait(false);
                    if (e.ErrorCode is not (ErrorCode.MemberIdRequired or ErrorCode.RebalanceInProgress))
                    {
                        await Backoff.DelayAsync(cluster.Options, ++failures, stop).ConfigureAwait(false);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The consumer closes; it leaves the group itself.
        }
        catch (Exception e)
        {
            Volatile.Write(ref _identity, null);
            host.Fail(e);
        }
    }

    /// <summary>Leaves the group; static members stay, for them the session decides.</summary>
    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        if (_memberId.Length > 0 && options.GroupInstanceId is null)
        {
            await _exchange.LeaveAsync(new GroupIdentity(_memberId, -1, null), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Joins and takes the assignment; false when partitions were given up, so that others wait for another rebalance.</summary>
    private async Task<bool> JoinAsync(CancellationToken stop)
    {
        string reason = _isAssigned ? "rebalance" : "joining";
        using Answer<JoinGroupResponse> answer =
            await _exchange.JoinAsync(_memberId, _owned, Identity?.GenerationId ?? -1, reason, stop).ConfigureAwait(false);
        JoinGroupResponse joined = answer.Message;
        if (joined.ErrorCode == ErrorCode.MemberIdRequired)
        {
            _memberId = joined.MemberId;
        }

        _exchange.Check(joined.ErrorCode, "Joining");
        _memberId = joined.MemberId;
        var identity = new GroupIdentity(joined.MemberId, joined.GenerationId, options.GroupInstanceId);
        _isLeader = joined.Leader == joined.MemberId;
        IReadOnlyDictionary<string, byte[]> assignments = _isLeader && !joined.SkipAssignment
            ? await ShareOutAsync(joined, stop).ConfigureAwait(false)
            : new Dictionary<string, byte[]>();
        byte[] encoded = await _exchange.SyncAsync(identity, joined.ProtocolName, assignments, stop).ConfigureAwait(false);
        List<TopicPartition> mine = ConsumerProtocol.ReadAssignment(encoded);
        Volatile.Write(ref _identity, identity);
        _isAssigned = true;
        _lastContact = cluster.Options.TimeProvider.GetTimestamp();
        if (!_isCooperative)
        {
            await host.AssignAsync(identity, mine, stop).ConfigureAwait(false);
            return true;
        }

        TopicPartition[] revoked = [.. _owned.Except(mine)];
        TopicPartition[] added = [.. mine.Except(_owned)];
        _owned = mine;
        await host.ReviseAsync(identity, revoked, added, stop).ConfigureAwait(false);
        return revoked.Length == 0;
    }

    private async Task<Dictionary<string, byte[]>> ShareOutAsync(JoinGroupResponse joined, CancellationToken stop)
    {
        var members = new Dictionary<string, MemberSubscription>(StringComparer.Ordinal);
        foreach (JoinGroupResponse.JoinGroupResponseMember member in joined.Members)
        {
            members[member.MemberId] = ConsumerProtocol.ReadSubscription(member.Metadata);
        }

        foreach (string topic in members.Values.SelectMany(static m => m.Topics))
        {
            cluster.Watch(topic, mayCreate: false);
        }

        ClusterSnapshot snapshot = await cluster.RefreshAsync(cluster.Snapshot.Version, stop).ConfigureAwait(false);
        Dictionary<string, int> counts = CountsOf(snapshot, members.Values.SelectMany(static m => m.Topics));
        _partitionSum = counts.Values.Sum();
        return Assignors.Assign(joined.ProtocolName ?? "range", members, counts)
            .ToDictionary(static a => a.Key, static a => ConsumerProtocol.WriteAssignment(a.Value), StringComparer.Ordinal);
    }

    /// <summary>Heartbeats until the group rebalances (then hands over and returns) or something fails (then throws).</summary>
    private async Task StayAsync(CancellationToken stop)
    {
        GroupIdentity identity = _identity!;
        _lastContact = cluster.Options.TimeProvider.GetTimestamp();
        while (true)
        {
            await Task.Delay(options.HeartbeatInterval, cluster.Options.TimeProvider, stop).ConfigureAwait(false);
            ErrorCode code;
            try
            {
                code = await _exchange.HeartbeatAsync(identity, stop).ConfigureAwait(false);
            }
            catch (KafkaException e) when (CoordinatorLocator.WantsSearch(e.ErrorCode)
                && !IsSessionOver)
            {
                coordinator.Forget();
                continue;
            }

            if (CoordinatorLocator.WantsSearch(code) || code == ErrorCode.CoordinatorLoadInProgress)
            {
                coordinator.Forget();
                continue;
            }

            _lastContact = cluster.Options.TimeProvider.GetTimestamp();
            bool topicsChanged = code == ErrorCode.None && _isLeader && await TopicsChangedAsync(stop).ConfigureAwait(false);
            if (code == ErrorCode.RebalanceInProgress || topicsChanged)
            {
                if (!_isCooperative)
                {
                    await host.RevokeAsync(identity, stop).ConfigureAwait(false);
                }

                return;
            }

            _exchange.Check(code, "Heartbeat");
        }
    }

    /// <summary>Whether topics of ours appeared, grew or went since we shared them out.</summary>
    private async Task<bool> TopicsChangedAsync(CancellationToken stop)
    {
        ClusterSnapshot snapshot = cluster.Snapshot;
        if (options.Topics.Any(t => !snapshot.Topics.TryGetValue(t, out TopicSnapshot? topic) || topic.Error != ErrorCode.None))
        {
            try
            {
                snapshot = await cluster.RefreshAsync(snapshot.Version, stop).ConfigureAwait(false);
            }
            catch (KafkaException)
            {
                // No broker answers now; the next heartbeat tells more.
                return false;
            }
        }

        return CountsOf(snapshot, snapshot.Topics.Keys.Intersect(options.Topics, StringComparer.Ordinal)).Values.Sum() is var sum
            && options.Topics.Count > 0 && sum > _partitionSum;
    }

    private static Dictionary<string, int> CountsOf(ClusterSnapshot snapshot, IEnumerable<string> topics) => topics
        .Distinct(StringComparer.Ordinal)
        .Where(t => snapshot.Topics.TryGetValue(t, out TopicSnapshot? topic) && topic.Error == ErrorCode.None)
        .ToDictionary(static t => t, t => snapshot.Topics[t].Partitions.Length, StringComparer.Ordinal);

    private bool IsSessionOver => cluster.Options.TimeProvider.GetElapsedTime(_lastContact) >= options.SessionTimeout;

    private static bool MayRejoin(KafkaException error) => KafkaErrors.IsRetriable(error) || error.ErrorCode is ErrorCode.MemberIdRequired
        or ErrorCode.UnknownMemberId or ErrorCode.IllegalGeneration or ErrorCode.RebalanceInProgress;

    private async Task RecoverAsync(KafkaException error, CancellationToken stop)
    {
        if (CoordinatorLocator.WantsSearch(error.ErrorCode))
        {
            coordinator.Forget();
        }

        if (error.ErrorCode == ErrorCode.UnknownMemberId)
        {
            _memberId = "";
        }

        // A failed join or sync keeps what the last revocation left: nothing, or, if cooperative, all, while the group still counts on us.
        bool isOut = _isCooperative
            ? IsSessionOver || error.ErrorCode is ErrorCode.UnknownMemberId or ErrorCode.IllegalGeneration
            : error.ErrorCode is not (ErrorCode.MemberIdRequired or ErrorCode.RebalanceInProgress);
        if (Identity is not null && isOut)
        {
            Volatile.Write(ref _identity, null);
            _owned = [];
            await host.LoseAsync(stop).ConfigureAwait(false);
        }
    }
}
