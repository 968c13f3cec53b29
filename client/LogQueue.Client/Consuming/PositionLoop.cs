using LogQueue.Client.Cluster;
using LogQueue.Client.Connections;
using LogQueue.Client.Errors;
using LogQueue.Client.Producing;
using LogQueue.Protocol;
using LogQueue.Records;

namespace LogQueue.Client.Consuming;

/// <summary>
/// Finds the start of partitions that have none, and looks at the cluster again when fetches fail. One loop per consumer.
/// </summary>
internal sealed class PositionLoop(ClusterView cluster, ReadState state, StartResolver resolver, Action kickFetches)
{
    private readonly AsyncSignal _signal = new();
    private readonly Dictionary<TopicPartition, long> _missingSince = [];
    private int _failures;
    private long _failingSince;

    public void Wake() => _signal.Set();

    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                await _signal.WaitAsync(stop).ConfigureAwait(false);
                while (await StepAsync(stop).ConfigureAwait(false))
                {
                    kickFetches();
                    state.WakeReader();
                }

                kickFetches();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The consumer closes.
        }
        catch (Exception e)
        {
            state.Fail(e);
        }
    }

    /// <summary>True when something was done and more may be.</summary>
    private async Task<bool> StepAsync(CancellationToken stop)
    {
        (TopicPartition Id, int SeekCount, bool IsReset, bool HasPosition, bool IsTroubled)[] open =
            state.Read(static partitions => partitions.Values
            .Where(static p => !p.HasPosition || p.IsTroubled)
            .Select(static p => (p.Id, p.SeekCount, p.IsReset, p.HasPosition, p.IsTroubled)).ToArray());
        if (open.Length == 0)
        {
            return false;
        }

        try
        {
            if (open.Any(static p => p.IsTroubled))
            {
                foreach ((TopicPartition id, _, _, _, _) in open)
                {
                    cluster.Watch(id.Topic, mayCreate: false);
                }

                int failures = state.Read(static partitions => partitions.Values.Max(static p => p.FailureCount));
                await Backoff.DelayAsync(cluster.Options, Math.Max(1, failures), stop).ConfigureAwait(false);
                ClusterSnapshot snapshot = await cluster.RefreshAsync(cluster.Snapshot.Version, stop).ConfigureAwait(false);
                foreach ((TopicPartition id, _, _, _, _) in open.Where(static p => p.IsTroubled))
                {
                    CheckKnown(snapshot, id);
                    bool isLed = snapshot.LeaderOf(id) >= 0;
                    state.Change(id, p => (p.IsTroubled, p.FailureCount) = (!isLed, p.FailureCount + (isLed ? 0 : 1)));
                }
            }

            TopicPartition[] unplaced = [.. open.Where(static p => !p.HasPosition).Select(static p => p.Id)];
            if (unplaced.Length > 0)
            {
                HashSet<TopicPartition> resets = [.. open.Where(static p => p.IsReset).Select(static p => p.Id)];
                await PlaceAsync(open.ToDictionary(static p => p.Id, static p => p.SeekCount), unplaced, resets, stop)
                    .ConfigureAwait(false);
            }

            _failures = 0;
            return true;
        }
        catch (KafkaException e) when (KafkaErrors.IsRetriable(e) && MayGoOn(e))
        {
            await Backoff.DelayAsync(cluster.Options, Math.Max(1, _failures), stop).ConfigureAwait(false);
            return true;
        }
    }

    /// <summary>A broker that is away is waited for; a partition that does not exist only for a while.</summary>
    private bool MayGoOn(KafkaException error)
    {
        if (_failures++ == 0)
        {
            _failingSince = cluster.Options.TimeProvider.GetTimestamp();
        }

        return error.ErrorCode is not (ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId)
            || cluster.Options.TimeProvider.GetElapsedTime(_failingSince) < cluster.Options.TopicPatience;
    }

    /// <summary>A partition without leader is waited for; one that does not exist any more only for a while.</summary>
    private void CheckKnown(ClusterSnapshot snapshot, TopicPartition id)
    {
        bool isKnown = snapshot.Topics.TryGetValue(id.Topic, out TopicSnapshot? topic)
            && topic.Error is not (ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId)
            && (topic.Error != ErrorCode.None || id.Partition < topic.Partitions.Length);
        if (isKnown)
        {
            _missingSince.Remove(id);
            return;
        }

        long now = cluster.Options.TimeProvider.GetTimestamp();
        if (!_missingSince.TryAdd(id, now)
            && cluster.Options.TimeProvider.GetElapsedTime(_missingSince[id]) >= cluster.Options.TopicPatience)
        {
            state.Fail(KafkaErrors.Of(
                ErrorCode.UnknownTopicOrPartition, $"Reading {id.Topic}-{id.Partition}", detail: "the topic was deleted"));
        }
    }

    private async Task PlaceAsync(
        Dictionary<TopicPartition, int> seekCounts, TopicPartition[] unplaced, HashSet<TopicPartition> resets, CancellationToken stop)
    {
        Dictionary<TopicPartition, (long Start, long Stop)> places = await resolver.ResolveAsync(unplaced, resets, stop)
            .ConfigureAwait(false);
        foreach ((TopicPartition id, (long start, long end)) in places)
        {
            state.Change(id, p =>
            {
                if (p.SeekCount != seekCounts[id])
                {
                    // Sought meanwhile: that position stands, only the stop is taken.
                    p.StopOffset = p.StopOffset < 0 ? end : p.StopOffset;
                    return;
                }

                p.HasPosition = true;
                p.IsReset = false;
                p.FetchOffset = start;
                p.DeliveredOffset = start;
                p.StopOffset = end;
            });
        }
    }
}
