using LogQueue.Client.Cluster;
using LogQueue.Client.Connections;
using LogQueue.Client.Errors;
using LogQueue.Protocol;
using LogQueue.Records;

namespace LogQueue.Client.Producing;

/// <summary>
/// Holds the queues that may not send now (a failed try, no leader) and sends them on when their pause is over. Thread-safe.
/// </summary>
internal sealed class RetryLoop(SendContext context, SendEngine engine)
{
    private readonly Lock _lock = new();
    private readonly List<(PartitionQueue Queue, long DueTimestamp)> _waiting = [];
    private readonly AsyncSignal _signal = new();
    private int _homelessRounds;

    /// <summary>Takes a queue whose pause begins now.</summary>
    public void Add(PartitionQueue queue)
    {
        TimeSpan pause = Backoff.Of(context.ClientOptions, Math.Max(queue.FailureCount, _homelessRounds + 1));
        lock (_lock)
        {
            _waiting.Add((queue, context.Time.GetTimestamp() + context.Ticks(pause)));
        }

        _signal.Set();
    }

    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                TimeSpan? wait = NextWait();
                if (wait is null)
                {
                    await _signal.WaitAsync(stop).ConfigureAwait(false);
                    continue;
                }

                if (wait > TimeSpan.Zero)
                {
                    await Task.Delay(wait.Value, context.Time, stop).ConfigureAwait(false);
                }

                await ServeDueAsync(stop).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The producer closes; it fails what is left.
        }
        catch (Exception e)
        {
            engine.Fault(e);
        }
    }

    private TimeSpan? NextWait()
    {
        lock (_lock)
        {
            if (_waiting.Count == 0)
            {
                return null;
            }

            long due = _waiting.Min(static w => w.DueTimestamp) - context.Time.GetTimestamp();
            return due <= 0 ? TimeSpan.Zero
                : TimeSpan.FromSeconds(due / (double)context.Time.TimestampFrequency) + TimeSpan.FromMilliseconds(1);
        }
    }

    private async Task ServeDueAsync(CancellationToken stop)
    {
        List<PartitionQueue> due;
        lock (_lock)
        {
            long now = context.Time.GetTimestamp();
            due = [.. _waiting.Where(w => w.DueTimestamp <= now).Select(static w => w.Queue)];
            _waiting.RemoveAll(w => w.DueTimestamp <= now);
        }

        try
        {
            await engine.Cluster.RefreshAsync(engine.Cluster.Snapshot.Version, stop).ConfigureAwait(false);
        }
        catch (KafkaException e) when (KafkaErrors.IsRetriable(e))
        {
            // No broker answers: the old picture has to do, the next try will tell.
        }

        bool anyHomeless = false;
        foreach (PartitionQueue queue in due)
        {
            ProducerIdentity fresh = ProducerIdentity.None;
            if (queue.NeedsIdentity)
            {
                try
                {
                    fresh = await engine.Identities.FetchAsync(stop).ConfigureAwait(false);
                }
                catch (KafkaException)
                {
                    Add(queue);
                    continue;
                }
            }

            if (queue.Resume(fresh) && !engine.TryRoute(queue))
            {
                FailUnknown(queue);
                anyHomeless = true;
                Add(queue);
            }
        }

        _homelessRounds = anyHomeless ? Math.Min(_homelessRounds + 1, 20) : 0;
    }

    /// <summary>A topic that stays away is gone: who waits for it is told why. Whatever is left goes on waiting.</summary>
    private void FailUnknown(PartitionQueue queue)
    {
        ClusterSnapshot snapshot = engine.Cluster.Snapshot;
        TopicPartition id = queue.Partition;
        bool isUnknown = !snapshot.Topics.TryGetValue(id.Topic, out TopicSnapshot? topic)
            || topic.Error is ErrorCode.UnknownTopicOrPartition or ErrorCode.UnknownTopicId
            || (topic.Error == ErrorCode.None && id.Partition >= topic.Partitions.Length);
        if (queue.IsUnknownForLong(isUnknown))
        {
            queue.Expire(long.MaxValue, _ => KafkaErrors.Of(
                ErrorCode.UnknownTopicOrPartition, $"Sending to {id.Topic}-{id.Partition}", detail: "the topic was deleted"));
        }
    }
}
