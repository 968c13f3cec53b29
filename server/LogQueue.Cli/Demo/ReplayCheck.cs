using System.IO.Hashing;
using System.Runtime.InteropServices;
using LogQueue.Client;
using LogQueue.Client.Admin;
using LogQueue.Records;

namespace LogQueue.Cli.Demo;

/// <summary>Reads a topic again and holds what comes back against what was sent: count, order of each key, content.</summary>
internal static class ReplayCheck
{
    /// <summary>Replays from the first offset of this run.</summary>
    public static Task<CheckResult> FromOffsetAsync(LogQueueClient client, string topic, SentRecords sent,
        CancellationToken cancellation) =>
        CompareAsync(client, $"replay of {topic} from offset", topic, sent.Partitions.ToDictionary(static p => p.Key, static p =>
            p.Value[0].Offset), sent, cancellation);

    /// <summary>Replays from a point in time: the broker finds the offset, which must be that of the first record not older.</summary>
    public static async Task<CheckResult> FromTimeAsync(LogQueueClient client, string topic, SentRecords sent, DateTimeOffset time,
        CancellationToken cancellation)
    {
        TopicPartition[] partitions = [.. sent.Partitions.Keys.Select(p => new TopicPartition(topic, p))];
        IReadOnlyDictionary<TopicPartition, OffsetFound> found = await client.Admin.ListOffsetsAsync(partitions, OffsetSpec.At(time),
            cancellation);
        string name = $"replay of {topic} from {time:yyyy-MM-dd HH:mm}";
        foreach (TopicPartition partition in partitions)
        {
            long expected = sent.Partitions[partition.Partition].First(r => r.TimestampMs >= time.ToUnixTimeMilliseconds()).Offset;
            if (found[partition].Offset != expected)
            {
                return new CheckResult(name, false,
                    $"{partition}: the time was found at offset {found[partition].Offset}, it is at {expected}");
            }
        }

        return await CompareAsync(client, name, topic, found.ToDictionary(static f => f.Key.Partition, static f => f.Value.Offset), sent,
            cancellation);
    }

    private static async Task<CheckResult> CompareAsync(
        LogQueueClient client, string name, string topic, Dictionary<int, long> from, SentRecords sent, CancellationToken cancellation)
    {
        long count = 0;
        var content = new XxHash3();
        foreach ((int partition, List<SentRecords.SentRecord> records) in sent.Partitions)
        {
            int next = records.FindIndex(r => r.Offset == from[partition]);
            await using Consumer consumer = client.CreateConsumer(new ConsumerOptions
            {
                Partitions = [new TopicPartition(topic, partition)], Start = StartPosition.Offset(from[partition]), StopAtEnd = true,
            });
            await foreach (ConsumedRecord record in consumer.WithCancellation(cancellation))
            {
                if (next == records.Count)
                {
                    return new CheckResult(name, false, $"{record} came back, which this run did not send");
                }

                SentRecords.SentRecord expected = records[next++];
                ulong hash = SentRecords.Hash(record.Key.GetValueOrDefault().Span, record.Value.GetValueOrDefault().Span,
                    record.TimestampMs);
                if (record.Offset != expected.Offset || hash != expected.Hash)
                {
                    return new CheckResult(name, false, $"{record} is not what was sent at offset {expected.Offset}");
                }

                content.Append(MemoryMarshal.AsBytes([hash]));
                count++;
            }

            if (next != records.Count)
            {
                return new CheckResult(name, false, $"partition {partition} gave {next} of {records.Count} records");
            }
        }

        return new CheckResult(name, true,
            $"{Output.Human.Count(count)} records, every key in order, content {content.GetCurrentHashAsUInt64():x16}");
    }
}
