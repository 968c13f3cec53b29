using LogQueue.Client.Cluster;
using LogQueue.Protocol.Messages;
using LogQueue.Records;

namespace LogQueue.Client.Consuming;

/// <summary>One partition's part of a fetch: what was asked.</summary>
internal readonly record struct FetchPart(ReadPartition Partition, int SeekCount, long Offset, long StopOffset);

/// <summary>Fetch requests and where their answers belong.</summary>
internal static class FetchExchange
{
    /// <summary>The newest version that names topics by name.</summary>
    public const short ByNameCap = 12;

    /// <summary>The newest version used with topic ids.</summary>
    public const short ByIdCap = 17;

    /// <summary>The newest version that can be asked: by id when every topic has one.</summary>
    public static short CapFor(IReadOnlyList<FetchPart> parts, ClusterSnapshot snapshot) =>
        parts.All(p => IdOf(p, snapshot) != Guid.Empty) ? ByIdCap : ByNameCap;

    public static FetchRequest Encode(
        IReadOnlyList<FetchPart> parts, ClusterSnapshot snapshot, ConsumerOptions options, TimeSpan maxWait, bool byId) => new()
    {
        MaxWaitMs = (int)maxWait.TotalMilliseconds,
        MinBytes = options.FetchMinBytes,
        MaxBytes = options.FetchMaxBytes,
        IsolationLevel = (sbyte)options.Isolation,
        SessionEpoch = -1,
        Topics = [.. parts.GroupBy(static p => p.Partition.Id.Topic, StringComparer.Ordinal).Select(topic => new FetchRequest.FetchTopic
        {
            Topic = byId ? "" : topic.Key,
            TopicId = byId ? IdOf(topic.First(), snapshot) : Guid.Empty,
            Partitions = [.. topic.Select(p => new FetchRequest.FetchPartition
            {
                Partition = p.Partition.Id.Partition,
                FetchOffset = p.Offset,
                PartitionMaxBytes = options.FetchMaxPartitionBytes,
            })],
        })],
    };

    /// <summary>The part that an answer is for; null when it was not asked.</summary>
    public static FetchPart? Find(
        IReadOnlyList<FetchPart> parts, FetchResponse.FetchableTopicResponse topic, int partition, ClusterSnapshot snapshot, bool byId)
    {
        foreach (FetchPart part in parts)
        {
            TopicPartition id = part.Partition.Id;
            if (id.Partition == partition && (byId ? IdOf(part, snapshot) == topic.TopicId : id.Topic == topic.Topic))
            {
                return part;
            }
        }

        return null;
    }

    private static Guid IdOf(FetchPart part, ClusterSnapshot snapshot) =>
        snapshot.Topics.TryGetValue(part.Partition.Id.Topic, out TopicSnapshot? topic) ? topic.Id : Guid.Empty;
}
