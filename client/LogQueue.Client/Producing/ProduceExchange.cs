using LogQueue.Client.Cluster;
using LogQueue.Client.Connections;
using LogQueue.Client.Errors;
using LogQueue.Protocol;
using LogQueue.Protocol.Messages;
using LogQueue.Records;
using LogQueue.Wire;

namespace LogQueue.Client.Producing;

/// <summary>Batches as a produce request, and a produce response as outcomes.</summary>
internal static class ProduceExchange
{
    /// <summary>The newest version that names topics by name.</summary>
    public const short VersionCap = 12;

    public static ProduceRequest Encode(IReadOnlyList<ProducerBatch> batches, Acks acks, TimeSpan timeout)
    {
        var topics = new List<ProduceRequest.TopicProduceData>(1);
        foreach (IGrouping<string, ProducerBatch> topic in batches.GroupBy(static b => b.Partition.Topic, StringComparer.Ordinal))
        {
            topics.Add(new ProduceRequest.TopicProduceData
            {
                Name = topic.Key,
                PartitionData = [.. topic.Select(static b => new ProduceRequest.PartitionProduceData
                {
                    Index = b.Partition.Partition,
                    Records = new RecordSet(b.Bytes()),
                })],
            });
        }

        return new ProduceRequest { Acks = (short)acks, TimeoutMs = (int)timeout.TotalMilliseconds, TopicData = [.. topics] };
    }

    /// <summary>The outcome of every batch, in their order; what the broker left out counts as lost.</summary>
    public static BatchOutcome[] Decode(
        IReadOnlyList<ProducerBatch> batches, ProduceResponse response, string broker, int brokerId, ClusterView cluster)
    {
        var found = new Dictionary<TopicPartition, ProduceResponse.PartitionProduceResponse>(batches.Count);
        foreach (ProduceResponse.TopicProduceResponse topic in response.Responses)
        {
            foreach (ProduceResponse.PartitionProduceResponse partition in topic.PartitionResponses)
            {
                found[new TopicPartition(topic.Name, partition.Index)] = partition;
            }
        }

        var outcomes = new BatchOutcome[batches.Count];
        for (int i = 0; i < outcomes.Length; i++)
        {
            TopicPartition id = batches[i].Partition;
            outcomes[i] = found.TryGetValue(id, out ProduceResponse.PartitionProduceResponse? answer)
                ? OutcomeOf(id, answer, broker) with { KnowsLeader = Learn(cluster, brokerId, id, answer, response) }
                : BatchOutcome.Lost(
                    new KafkaException(ErrorCode.NetworkException, $"{broker} did not answer for {id.Topic}-{id.Partition}.", broker));
        }

        return outcomes;
    }

    private static bool Learn(
        ClusterView cluster,
        int brokerId,
        TopicPartition id,
        ProduceResponse.PartitionProduceResponse answer,
        ProduceResponse response)
    {
        ProduceResponse.NodeEndpoint? node = Array.Find(response.NodeEndpoints, n => n.NodeId == answer.CurrentLeader.LeaderId);
        return answer.ErrorCode is ErrorCode.NotLeaderOrFollower or ErrorCode.FencedLeaderEpoch && cluster.LearnLeader(
            id,
            brokerId,
            answer.CurrentLeader.LeaderId,
            answer.CurrentLeader.LeaderEpoch,
            node is null ? null : new BrokerAddress(node.Host, node.Port));
    }

    private static BatchOutcome OutcomeOf(TopicPartition id, ProduceResponse.PartitionProduceResponse answer, string broker)
    {
        if (answer.ErrorCode == ErrorCode.None)
        {
            return new BatchOutcome(ErrorCode.None, answer.BaseOffset, answer.LogAppendTimeMs, null);
        }

        string? detail = answer.ErrorMessage ?? (answer.RecordErrors.Length > 0 ? answer.RecordErrors[0].BatchIndexErrorMessage : null);
        KafkaException failure = KafkaErrors.Of(answer.ErrorCode, $"Sending to {id.Topic}-{id.Partition}", broker, detail);
        return new BatchOutcome(answer.ErrorCode, answer.BaseOffset, answer.LogAppendTimeMs, failure);
    }
}
