using System.Collections.Concurrent;
using LogQueue.Client.Cluster;
using LogQueue.Client.Connections;
using LogQueue.Client.Errors;
using LogQueue.Client.Producing;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Records;

namespace LogQueue.Client.Consuming;

/// <summary>
/// Reads ahead: one loop per leading broker, each with one long-polling fetch over all partitions that have room. Thread-safe.
/// </summary>
internal sealed class Fetcher(
    ConsumerOptions options, ClusterView cluster, ConnectionPool connections, ReadState state, Action<Exception> onTrouble)
    : IAsyncDisposable
{
    /// <summary>A fetch that leaves out partitions because they are full must not keep them waiting.</summary>
    private static readonly TimeSpan ShortWait = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentDictionary<int, AsyncSignal> _loops = new();
    private readonly ConcurrentBag<Task> _tasks = [];
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Something changed: assignment, position, room. Starts the loops that are missing and wakes the others.</summary>
    public void Kick()
    {
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        ClusterSnapshot snapshot = cluster.Snapshot;
        foreach (int broker in state.Read(partitions => partitions.Keys.Select(snapshot.LeaderOf).Where(static b => b >= 0).ToHashSet()))
        {
            AsyncSignal signal = _loops.GetOrAdd(broker, id =>
            {
                var made = new AsyncSignal();
                _tasks.Add(Task.Run(() => RunAsync(id, made, _stop.Token), CancellationToken.None));
                return made;
            });
            signal.Set();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_tasks).ConfigureAwait(false);
    }

    private async Task RunAsync(int brokerId, AsyncSignal signal, CancellationToken stop)
    {
        int rotation = 0;
        try
        {
            while (true)
            {
                ClusterSnapshot snapshot = cluster.Snapshot;
                (List<FetchPart> parts, bool anyFull) = Collect(brokerId, snapshot, rotation++);
                if (parts.Count == 0)
                {
                    await signal.WaitAsync(stop).ConfigureAwait(false);
                    continue;
                }

                await FetchAsync(brokerId, snapshot, parts, anyFull ? ShortWait : options.FetchMaxWait, stop).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The consumer closes.
        }
        catch (ObjectDisposedException) when (stop.IsCancellationRequested)
        {
            // The consumer closes.
        }
        catch (Exception e)
        {
            state.Fail(e);
        }
    }

    private (List<FetchPart> Parts, bool AnyFull) Collect(int brokerId, ClusterSnapshot snapshot, int rotation) => state.Read(partitions =>
    {
        var parts = new List<FetchPart>();
        bool anyFull = false;
        foreach (ReadPartition p in partitions.Values)
        {
            bool isWanted = p.HasPosition && !p.IsPaused && !p.IsLeaving && !p.IsTroubled && (p.StopOffset < 0 || p.FetchOffset < p.StopOffset)
                && snapshot.LeaderOf(p.Id) == brokerId;
            if (isWanted && p.BufferedBytes < options.PrefetchBytes)
            {
                parts.Add(new FetchPart(p, p.SeekCount, p.FetchOffset, p.StopOffset));
            }
            else
            {
                anyFull |= isWanted;
            }
        }

        // The broker fills the answer in the order asked: everybody is first once.
        int first = parts.Count == 0 ? 0 : (rotation & int.MaxValue) % parts.Count;
        return (first == 0 ? parts : [.. parts.Skip(first), .. parts.Take(first)], anyFull);
    });

    private async Task FetchAsync(int brokerId, ClusterSnapshot snapshot, List<FetchPart> parts, TimeSpan maxWait, CancellationToken stop)
    {
        try
        {
            BrokerConnection connection = await connections.GetAsync(snapshot.Brokers[brokerId], ConnectionUse.Fetch, stop)
                .ConfigureAwait(false);
            short cap = FetchExchange.CapFor(parts, snapshot);
            bool byId = connection.Versions.Pick<FetchRequest>(cap) > FetchExchange.ByNameCap;
            FetchRequest request = FetchExchange.Encode(parts, snapshot, options, maxWait, byId);
            using Answer<FetchResponse> answer =
                await connection.RequestAsync<FetchRequest, FetchResponse>(request, cap, maxWait, stop).ConfigureAwait(false);
            if (answer.Message.ErrorCode != ErrorCode.None)
            {
                throw KafkaErrors.Of(answer.Message.ErrorCode, "Fetching", connection.Address.ToString());
            }

            foreach (FetchResponse.FetchableTopicResponse topic in answer.Message.Responses)
            {
                foreach (FetchResponse.PartitionData partition in topic.Partitions)
                {
                    if (FetchExchange.Find(parts, topic, partition.PartitionIndex, snapshot, byId) is { } part)
                    {
                        if (!LearnLeader(brokerId, part, partition, answer.Message))
                        {
                            TakeIn(part, partition, connection.Address.ToString());
                        }
                    }
                }
            }
        }
        catch (KafkaException e) when (KafkaErrors.IsRetriable(e))
        {
            foreach (FetchPart part in parts)
            {
                Trouble(part, e);
            }
        }
    }

    /// <summary>True when the broker said who leads now: that one is asked next, without looking around.</summary>
    private bool LearnLeader(int brokerId, FetchPart part, FetchResponse.PartitionData answer, FetchResponse response)
    {
        FetchResponse.NodeEndpoint? node = Array.Find(response.NodeEndpoints, n => n.NodeId == answer.CurrentLeader.LeaderId);
        bool isLearned = answer.ErrorCode is ErrorCode.NotLeaderOrFollower or ErrorCode.FencedLeaderEpoch && cluster.LearnLeader(
            part.Partition.Id,
            brokerId,
            answer.CurrentLeader.LeaderId,
            answer.CurrentLeader.LeaderEpoch,
            node is null ? null : new BrokerAddress(node.Host, node.Port));
        if (isLearned)
        {
            Kick();
        }

        return isLearned;
    }

    private void TakeIn(FetchPart part, FetchResponse.PartitionData answer, string broker)
    {
        TopicPartition id = part.Partition.Id;
        if (answer.ErrorCode == ErrorCode.OffsetOutOfRange)
        {
            OutOfRange(part, broker);
            return;
        }

        if (answer.ErrorCode != ErrorCode.None)
        {
            KafkaException error = KafkaErrors.Of(answer.ErrorCode, $"Fetching {id.Topic}-{id.Partition}", broker);
            if (!error.IsRetriable && !KafkaErrors.WantsRefresh(answer.ErrorCode))
            {
                throw error;
            }

            Trouble(part, error);
            return;
        }

        var decoder = new ChunkDecoder(part.Partition, options, part.Offset, part.StopOffset);
        List<FetchedChunk> chunks;
        try
        {
            chunks = decoder.Decode(answer.Records.Memory, answer.AbortedTransactions);
        }
        catch (CorruptRecordException e)
        {
            // Damaged bytes stay damaged: the reader is told, and nothing is skipped behind its back.
            state.Change(id, static partition => partition.IsTroubled = true);
            state.Fail(new KafkaException(ErrorCode.CorruptMessage, $"{e.Message} (broker {broker})", broker, e));
            return;
        }

        long end = options.Isolation == IsolationLevel.ReadCommitted && answer.LastStableOffset >= 0 ? answer.LastStableOffset
            : answer.HighWatermark;
        state.Add(part.Partition, part.SeekCount, chunks, decoder.NextOffset, end);
    }

    private void OutOfRange(FetchPart part, string broker)
    {
        TopicPartition id = part.Partition.Id;
        if (options.OutOfRange == OutOfRangePolicy.Throw)
        {
            throw KafkaErrors.Of(ErrorCode.OffsetOutOfRange, $"Offset {part.Offset} of {id.Topic}-{id.Partition}", broker);
        }

        state.Change(id, partition =>
        {
            if (partition == part.Partition && partition.SeekCount == part.SeekCount)
            {
                partition.HasPosition = false;
                partition.IsReset = true;
            }
        });
        onTrouble(
            new KafkaException(ErrorCode.OffsetOutOfRange, $"Offset {part.Offset} of {id.Topic}-{id.Partition} is out of range.", broker));
    }

    private void Trouble(FetchPart part, KafkaException error)
    {
        state.Change(part.Partition.Id, static partition =>
        {
            partition.IsTroubled = true;
            partition.FailureCount++;
        });
        onTrouble(error);
    }
}
