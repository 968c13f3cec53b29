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
/// Reads ahead: one loop per leading broker, each with one long-polling fetch over all partitions that have room. While a large answer
/// is decoded the next fetch is on its way. Thread-safe.
/// </summary>
internal sealed class Fetcher(
    ConsumerOptions options, ClusterView cluster, ConnectionPool connections, ReadState state, Action<Exception> onTrouble)
    : IAsyncDisposable
{
    /// <summary>A fetch that leaves out partitions because they are full must not keep them waiting.</summary>
    private static readonly TimeSpan ShortWait = TimeSpan.FromMilliseconds(10);

    /// <summary>Up to this many bytes decoding takes less time than handing it to another thread.</summary>
    private const int InlineBytes = 16 * 1024;

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
        Task decoding = Task.CompletedTask;
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

                Fetched? fetched = await FetchAsync(brokerId, snapshot, parts, anyFull ? ShortWait : options.FetchMaxWait, stop)
                    .ConfigureAwait(false);

                // One answer at a time, so that a partition's records stay in order.
                await decoding.ConfigureAwait(false);
                decoding = fetched is null ? Task.CompletedTask : Accept(brokerId, fetched);
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
        finally
        {
            await decoding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private (List<FetchPart> Parts, bool AnyFull) Collect(int brokerId, ClusterSnapshot snapshot, int rotation) => state.Read(partitions =>
    {
        var parts = new List<FetchPart>();
        bool anyFull = false;
        foreach (ReadPartition p in partitions.Values)
        {
            bool isWanted = p.HasPosition && !p.IsPaused && !p.IsLeaving && !p.IsTroubled
                && (p.StopOffset < 0 || p.FetchOffset < p.StopOffset)
                && snapshot.LeaderOf(p.Id) == brokerId;
            if (isWanted && p.BufferedBytes + p.ArrivedBytes < options.PrefetchBytes)
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

    private async Task<Fetched?> FetchAsync(
        int brokerId, ClusterSnapshot snapshot, List<FetchPart> parts, TimeSpan maxWait, CancellationToken stop)
    {
        try
        {
            BrokerConnection connection = await connections.GetAsync(snapshot.Brokers[brokerId], ConnectionUse.Fetch, stop)
                .ConfigureAwait(false);
            short cap = FetchExchange.CapFor(parts, snapshot);
            bool byId = connection.Versions.Pick<FetchRequest>(cap) > FetchExchange.ByNameCap;
            FetchRequest request = FetchExchange.Encode(parts, snapshot, options, maxWait, byId);
            Answer<FetchResponse> answer =
                await connection.RequestAsync<FetchRequest, FetchResponse>(request, cap, maxWait, stop).ConfigureAwait(false);
            if (answer.Message.ErrorCode == ErrorCode.None)
            {
                return new Fetched(answer, parts, snapshot, byId, connection.Address.ToString());
            }

            answer.Dispose();
            throw KafkaErrors.Of(answer.Message.ErrorCode, "Fetching", connection.Address.ToString());
        }
        catch (KafkaException e) when (KafkaErrors.IsRetriable(e))
        {
            foreach (FetchPart part in parts)
            {
                Trouble(part, e);
            }

            return null;
        }
    }

    /// <summary>Takes in what the answer says, and moves the fetch positions on; the result ends when its records are decoded.</summary>
    private Task Accept(int brokerId, Fetched fetched)
    {
        var withRecords = new List<(FetchPart Part, FetchResponse.PartitionData Answer)>();
        long bytes = 0;
        try
        {
            foreach ((FetchPart part, FetchResponse.PartitionData answer) in fetched.Partitions())
            {
                if (LearnLeader(brokerId, part, answer, fetched.Message) || !IsGood(part, answer, fetched.Broker))
                {
                    continue;
                }

                bytes += answer.Records.LengthBytes;
                withRecords.Add((part, answer));
                long next = ChunkDecoder.EndOf(answer.Records.Memory.Span, part.Offset, part.StopOffset);
                state.Change(part.Partition.Id, partition =>
                {
                    if (partition == part.Partition && partition.SeekCount == part.SeekCount)
                    {
                        (partition.FetchOffset, partition.ArrivedBytes) = (next, answer.Records.LengthBytes);
                    }
                });
            }
        }
        catch
        {
            fetched.Dispose();
            throw;
        }

        if (bytes > InlineBytes)
        {
            return Task.Run(() => DecodeBeside(fetched, withRecords), CancellationToken.None);
        }

        Decode(fetched, withRecords);
        return Task.CompletedTask;
    }

    private void DecodeBeside(Fetched fetched, List<(FetchPart Part, FetchResponse.PartitionData Answer)> partitions)
    {
        try
        {
            Decode(fetched, partitions);
        }
        catch (Exception e)
        {
            state.Fail(e);
        }

        // The loop may have gone to sleep because what had arrived counted as read ahead; decoded it may be less.
        Kick();
    }

    private void Decode(Fetched fetched, List<(FetchPart Part, FetchResponse.PartitionData Answer)> partitions)
    {
        using (fetched)
        {
            foreach ((FetchPart part, FetchResponse.PartitionData answer) in partitions)
            {
                Decode(part, answer, fetched.Broker);
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

    private bool IsGood(FetchPart part, FetchResponse.PartitionData answer, string broker)
    {
        TopicPartition id = part.Partition.Id;
        if (answer.ErrorCode == ErrorCode.None)
        {
            return true;
        }

        if (answer.ErrorCode == ErrorCode.OffsetOutOfRange)
        {
            OutOfRange(part, broker);
            return false;
        }

        KafkaException error = KafkaErrors.Of(answer.ErrorCode, $"Fetching {id.Topic}-{id.Partition}", broker);
        if (!error.IsRetriable && !KafkaErrors.WantsRefresh(answer.ErrorCode))
        {
            throw error;
        }

        Trouble(part, error);
        return false;
    }

    private void Decode(FetchPart part, FetchResponse.PartitionData answer, string broker)
    {
        var decoder = new ChunkDecoder(part.Partition, options, part.Offset, part.StopOffset);
        List<FetchedChunk> chunks;
        try
        {
            chunks = decoder.Decode(answer.Records.Memory, answer.AbortedTransactions);
        }
        catch (CorruptRecordException e)
        {
            // Damaged bytes stay damaged: the reader is told, and nothing is skipped behind its back.
            state.Change(part.Partition.Id, static partition => partition.IsTroubled = true);
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
