using LogQueue.Client.Cluster;
using LogQueue.Client.Connections;
using LogQueue.Protocol.Messages;

namespace LogQueue.Client.Consuming;

/// <summary>The answer to one fetch, with what was asked. Its records lie in the answer's memory: dispose it after decoding.</summary>
internal sealed class Fetched(
    Answer<FetchResponse> answer, IReadOnlyList<FetchPart> parts, ClusterSnapshot snapshot, bool byId, string broker) : IDisposable
{
    public FetchResponse Message => answer.Message;

    /// <summary>host:port.</summary>
    public string Broker => broker;

    /// <summary>The answered partitions that were asked for.</summary>
    public IEnumerable<(FetchPart Part, FetchResponse.PartitionData Answer)> Partitions()
    {
        foreach (FetchResponse.FetchableTopicResponse topic in answer.Message.Responses)
        {
            foreach (FetchResponse.PartitionData partition in topic.Partitions)
            {
                if (FetchExchange.Find(parts, topic, partition.PartitionIndex, snapshot, byId) is { } part)
                {
                    yield return (part, partition);
                }
            }
        }
    }

    public void Dispose() => answer.Dispose();
}
