using LogQueue.Client.Cluster;
using LogQueue.Client.Connections;
using LogQueue.Client.Errors;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Records;

namespace LogQueue.Client.Admin;

/// <summary>Moves the starts of logs forward, at their leaders. Thread-safe.</summary>
internal sealed class RecordDeletion(ClusterView cluster)
{
    public async Task<IReadOnlyDictionary<TopicPartition, long>> DeleteAsync(
        IReadOnlyDictionary<TopicPartition, long> beforeOffsets, CancellationToken cancellationToken)
    {
        var result = new Dictionary<TopicPartition, long>();
        foreach (string topic in beforeOffsets.Keys.Select(static p => p.Topic).Distinct(StringComparer.Ordinal))
        {
            await cluster.GetTopicAsync(topic, mayCreate: false, cluster.Options.RequestTimeout, cancellationToken).ConfigureAwait(false);
        }

        return await Retry.RunAsync(
            cluster.Options,
            cluster.Options.OperationTimeout,
            async ct =>
            {
                ClusterSnapshot snapshot = cluster.Snapshot;
                try
                {
                    foreach (IGrouping<int, KeyValuePair<TopicPartition, long>> leader in beforeOffsets
                        .Where(o => !result.ContainsKey(o.Key)).ToArray().GroupBy(o => snapshot.LeaderOf(o.Key)))
                    {
                        if (leader.Key < 0)
                        {
                            throw KafkaErrors.Of(
                                ErrorCode.LeaderNotAvailable, $"{leader.First().Key.Topic}-{leader.First().Key.Partition}");
                        }

                        BrokerConnection connection =
                            await cluster.Connections.GetAsync(snapshot.Brokers[leader.Key], ConnectionUse.General, ct)
                                .ConfigureAwait(false);
                        await AskAsync(connection, [.. leader], result, ct).ConfigureAwait(false);
                    }
                }
                catch (KafkaException e) when (KafkaErrors.WantsRefresh(e.ErrorCode))
                {
                    await cluster.RefreshAsync(snapshot.Version, ct).ConfigureAwait(false);
                    throw;
                }

                return result;
            },
            cancellationToken).ConfigureAwait(false);
    }

    private async Task AskAsync(
        BrokerConnection connection, KeyValuePair<TopicPartition, long>[] offsets, Dictionary<TopicPartition, long> result,
            CancellationToken cancellationToken)
    {
        var request = new DeleteRecordsRequest
        {
            Topics = [.. offsets.GroupBy(static o => o.Key.Topic, StringComparer.Ordinal)
                .Select(static topic => new DeleteRecordsRequest.DeleteRecordsTopic
            {
                Name = topic.Key,
                Partitions = [.. topic.Select(
                    static o => new DeleteRecordsRequest.DeleteRecordsPartition { PartitionIndex = o.Key.Partition, Offset = o.Value })],
            })],
            TimeoutMs = (int)cluster.Options.RequestTimeout.TotalMilliseconds,
        };
        using Answer<DeleteRecordsResponse> answer =
            await connection.RequestAsync<DeleteRecordsRequest, DeleteRecordsResponse>(request, cancellationToken: cancellationToken)
                .ConfigureAwait(false);
        foreach (DeleteRecordsResponse.DeleteRecordsTopicResult topic in answer.Message.Topics)
        {
            foreach (DeleteRecordsResponse.DeleteRecordsPartitionResult partition in topic.Partitions)
            {
                if (partition.ErrorCode != ErrorCode.None)
                {
                    throw KafkaErrors.Of(
                        partition.ErrorCode, $"Deleting records of {topic.Name}-{partition.PartitionIndex}", connection.Address.ToString());
                }

                result[new TopicPartition(topic.Name, partition.PartitionIndex)] = partition.LowWatermark;
            }
        }
    }
}
