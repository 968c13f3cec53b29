using LogQueue.Records;
using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.Client.Groups;

/// <summary>
/// The bytes that members of a consumer group exchange through the coordinator: a 16-bit version, then a subscription (topics, data) or
/// an assignment (topics with partitions, user data), in the protocol's old string and array forms.
/// </summary>
internal static class ConsumerProtocol
{
    /// <summary>The protocol type of consumer groups.</summary>
    public const string Type = "consumer";

    /// <summary>A subscription of version 0: all that assignors need that do not look at what members have.</summary>
    public static byte[] WriteSubscription(IEnumerable<string> topics)
    {
        using var output = new PooledBufferWriter();
        var writer = new WireWriter(output);
        writer.WriteInt16(0);
        WriteTopics(ref writer, topics);
        writer.WriteInt32(-1);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>
    /// A subscription of version 2, with what the member has. The generation stands in the user data, too: there older members of other
    /// clients look for it.
    /// </summary>
    public static byte[] WriteSubscription(MemberSubscription subscription)
    {
        using var output = new PooledBufferWriter();
        var writer = new WireWriter(output);
        writer.WriteInt16(2);
        WriteTopics(ref writer, subscription.Topics);
        writer.WriteInt32(sizeof(int));
        writer.WriteInt32(subscription.GenerationId);
        WritePartitions(ref writer, subscription.Owned);
        writer.WriteInt32(subscription.GenerationId);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>A subscription of any version; fields that a version lacks are empty, or unknown.</summary>
    /// <exception cref="WireFormatException">The bytes are no subscription.</exception>
    public static MemberSubscription ReadSubscription(ReadOnlyMemory<byte> bytes)
    {
        var reader = new WireReader(bytes);
        short version = reader.ReadInt16();
        int count = reader.ReadArrayLength(compact: false, minElementBytes: 2);
        var topics = new string[Math.Max(0, count)];
        for (int i = 0; i < topics.Length; i++)
        {
            topics[i] = reader.ReadString(compact: false);
        }

        if (version < 1)
        {
            return new MemberSubscription(topics, [], -1);
        }

        ReadOnlyMemory<byte>? userData = reader.ReadNullableBytes(compact: false);
        List<TopicPartition> owned = ReadPartitions(ref reader);
        int generation = version >= 2 ? reader.ReadInt32()
            : userData is { Length: sizeof(int) } data ? System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(data.Span)
            : -1;
        return new MemberSubscription(topics, owned, generation);
    }

    public static byte[] WriteAssignment(IEnumerable<TopicPartition> partitions)
    {
        using var output = new PooledBufferWriter();
        var writer = new WireWriter(output);
        writer.WriteInt16(0);
        WritePartitions(ref writer, partitions);
        writer.WriteInt32(-1);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>The partitions of an assignment; empty bytes are an empty one.</summary>
    /// <exception cref="WireFormatException">The bytes are no assignment.</exception>
    public static List<TopicPartition> ReadAssignment(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return [];
        }

        var reader = new WireReader(bytes);
        reader.ReadInt16();
        return ReadPartitions(ref reader);
    }

    private static void WriteTopics(ref WireWriter writer, IEnumerable<string> topics)
    {
        string[] sorted = [.. topics.Order(StringComparer.Ordinal)];
        writer.WriteArrayLength(sorted.Length, compact: false);
        foreach (string topic in sorted)
        {
            writer.WriteString(topic, compact: false);
        }
    }

    private static void WritePartitions(ref WireWriter writer, IEnumerable<TopicPartition> partitions)
    {
        IGrouping<string, TopicPartition>[] topics =
            [.. partitions.GroupBy(static p => p.Topic, StringComparer.Ordinal).OrderBy(static g => g.Key, StringComparer.Ordinal)];
        writer.WriteArrayLength(topics.Length, compact: false);
        foreach (IGrouping<string, TopicPartition> topic in topics)
        {
            writer.WriteString(topic.Key, compact: false);
            int[] numbers = [.. topic.Select(static p => p.Partition).Order()];
            writer.WriteArrayLength(numbers.Length, compact: false);
            foreach (int number in numbers)
            {
                writer.WriteInt32(number);
            }
        }
    }

    private static List<TopicPartition> ReadPartitions(ref WireReader reader)
    {
        var partitions = new List<TopicPartition>();
        int topics = reader.ReadArrayLength(compact: false, minElementBytes: 6);
        for (int t = 0; t < topics; t++)
        {
            string topic = reader.ReadString(compact: false);
            int count = reader.ReadArrayLength(compact: false, minElementBytes: 4);
            for (int p = 0; p < count; p++)
            {
                partitions.Add(new TopicPartition(topic, reader.ReadInt32()));
            }
        }

        return partitions;
    }
}
