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

    public static byte[] WriteSubscription(IEnumerable<string> topics)
    {
        using var output = new PooledBufferWriter();
        var writer = new WireWriter(output);
        writer.WriteInt16(0);
        string[] sorted = [.. topics.Order(StringComparer.Ordinal)];
        writer.WriteArrayLength(sorted.Length, compact: false);
        foreach (string topic in sorted)
        {
            writer.WriteString(topic, compact: false);
        }

        writer.WriteInt32(-1);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>The topics of a subscription of any version; newer fields are not needed.</summary>
    /// <exception cref="WireFormatException">The bytes are no subscription.</exception>
    public static string[] ReadTopics(ReadOnlyMemory<byte> bytes)
    {
        var reader = new WireReader(bytes);
        reader.ReadInt16();
        int count = reader.ReadArrayLength(compact: false, minElementBytes: 2);
        var topics = new string[Math.Max(0, count)];
        for (int i = 0; i < topics.Length; i++)
        {
            topics[i] = reader.ReadString(compact: false);
        }

        return topics;
    }

    public static byte[] WriteAssignment(IEnumerable<TopicPartition> partitions)
    {
        using var output = new PooledBufferWriter();
        var writer = new WireWriter(output);
        writer.WriteInt16(0);
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

        writer.WriteInt32(-1);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>The partitions of an assignment; empty bytes are an empty one.</summary>
    /// <exception cref="WireFormatException">The bytes are no assignment.</exception>
    public static List<TopicPartition> ReadAssignment(ReadOnlyMemory<byte> bytes)
    {
        var partitions = new List<TopicPartition>();
        if (bytes.IsEmpty)
        {
            return partitions;
        }

        var reader = new WireReader(bytes);
        reader.ReadInt16();
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
