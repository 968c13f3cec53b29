using LogQueue.Engine.Messages;
using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.Engine.Metadata;

/// <summary>
/// The records of <c>__cluster_metadata-0</c>, in Kafka's frame. Stateless.
/// <code>
/// uvarint frame version (1) | uvarint api key | uvarint record version | body as declared in Messages/*.msg
/// </code>
/// </summary>
internal static class MetadataRecords
{
    /// <summary>
    /// Our feature level, written at the end of the first opening: tells a metadata log of ours from Kafka's, and an older LogQueue from a
    /// newer format.
    /// </summary>
    public const string FormatFeature = "logqueue.format";

    /// <summary>The newest format that this code reads and writes.</summary>
    public const short FormatVersion = 1;

    /// <summary>ConfigRecord's resource type for topics.</summary>
    public const sbyte TopicResource = 2;

    private const uint FrameVersion = 1;

    /// <summary>Api keys of the records we read and write.</summary>
    public const short TopicKey = 2, PartitionKey = 3, ConfigKey = 4, RemoveTopicKey = 9, FeatureLevelKey = 12, ProducerIdsKey = 15,
        BeginTransactionKey = 23, EndTransactionKey = 24, AbortTransactionKey = 25;

    public static MetadataChange Format() => Frame(FeatureLevelKey, 0, new FeatureLevelRecord { Name = FormatFeature, FeatureLevel =
        FormatVersion });

    public static MetadataChange Topic(string name, Guid id) => Frame(TopicKey, 0, new TopicRecord { Name = name, TopicId = id });

    public static MetadataChange Partition(Guid topicId, int partition, int nodeId, Guid directoryId) =>
        Frame(PartitionKey, 1, new PartitionRecord
    {
        TopicId = topicId,
        PartitionId = partition,
        Replicas = [nodeId],
        Isr = [nodeId],
        Leader = nodeId,
        LeaderEpoch = 0,
        PartitionEpoch = 0,
        Directories = [directoryId],
    });

    public static MetadataChange Config(string topic, string key, string? value) => Frame(ConfigKey, 0, new ConfigRecord
    {
        ResourceType = TopicResource,
        ResourceName = topic,
        Name = key,
        Value = value,
    });

    public static MetadataChange RemoveTopic(Guid id) => Frame(RemoveTopicKey, 0, new RemoveTopicRecord { TopicId = id });

    public static MetadataChange ProducerIds(int nodeId, long nextProducerId) => Frame(ProducerIdsKey, 0, new ProducerIdsRecord
    {
        BrokerId = nodeId,
        BrokerEpoch = 0,
        NextProducerId = nextProducerId,
    });

    /// <summary>Reads a frame's head; the body follows in <paramref name="reader"/>.</summary>
    /// <exception cref="WireFormatException">It is no frame, or one of a newer kind.</exception>
    public static (short ApiKey, short Version) ReadHead(ref WireReader reader)
    {
        uint frameVersion = reader.ReadUnsignedVarint();
        if (frameVersion != FrameVersion)
        {
            throw new WireFormatException($"Metadata record with frame version {frameVersion}; this LogQueue reads {FrameVersion}.");
        }

        return (ReadShort(ref reader), ReadShort(ref reader));
    }

    private static short ReadShort(ref WireReader reader) => reader.ReadUnsignedVarint() is var value && value <= (uint)short.MaxValue
        ? (short)value
        : throw new WireFormatException($"A number of {value} in the head of a metadata record: at most {short.MaxValue} is possible.");

    private static MetadataChange Frame<T>(short apiKey, short version, T message)
        where T : IWireMessage<T>
    {
        using var output = new PooledBufferWriter(256);
        var writer = new WireWriter(output);
        writer.WriteUnsignedVarint(FrameVersion);
        writer.WriteUnsignedVarint((uint)apiKey);
        writer.WriteUnsignedVarint((uint)version);
        message.Write(ref writer, version);
        return new MetadataChange(output.WrittenSpan.ToArray());
    }
}
