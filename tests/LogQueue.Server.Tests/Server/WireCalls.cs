using LogQueue.Protocol.Messages;
using LogQueue.Records;
using LogQueue.TestKit;
using LogQueue.Wire;
using Record = LogQueue.Records.Record;

namespace LogQueue.Server.Tests.Server;

/// <summary>The requests that most tests send, in short.</summary>
internal static class WireCalls
{
    public const short ProduceNewest = 12;
    public const short FetchNewest = 12;

    /// <summary>A batch of records with keys k0.. and values v0.., one millisecond apart.</summary>
    public static byte[] Batch(
        int count = 1, long timestampMs = 1_700_000_000_000, int valueBytes = 0, CompressionType compression = CompressionType.None,
        long producerId = -1, short producerEpoch = -1, int baseSequence = -1, bool keys = true)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions
        {
            Compression = compression,
            MaxBatchBytes = 64 << 20,
            ProducerId = producerId,
            ProducerEpoch = producerEpoch,
            BaseSequence = baseSequence,
        });
        for (int i = 0; i < count; i++)
        {
            byte[] value = valueBytes > 0 ? new byte[valueBytes] : System.Text.Encoding.UTF8.GetBytes($"v{i}");
            ReadOnlyMemory<byte>? key = null;
            if (keys)
            {
                key = System.Text.Encoding.UTF8.GetBytes($"k{i}");
            }

            Assert.True(builder.TryAppend(timestampMs + i, key, value));
        }

        return builder.Build().ToArray();
    }

    public static ProduceRequest Produce(string topic, int partition, ReadOnlyMemory<byte> records, short acks = -1) => new()
    {
        Acks = acks,
        TimeoutMs = 5000,
        TopicData =
        [
            new ProduceRequest.TopicProduceData
            {
                Name = topic,
                PartitionData = [new ProduceRequest.PartitionProduceData { Index = partition, Records = new RecordSet(records) }],
            },
        ],
    };

    public static async Task<ProduceResponse.PartitionProduceResponse> ProduceAsync(
        this WireConnection connection, string topic, ReadOnlyMemory<byte> records, short acks = -1, int partition = 0, short version = ProduceNewest)
    {
        ProduceResponse response = await connection.CallAsync<ProduceRequest, ProduceResponse>(Produce(topic, partition, records, acks), version);
        return Assert.Single(Assert.Single(response.Responses).PartitionResponses);
    }

    public static FetchRequest Fetch(
        string topic, long offset, int partition = 0, int maxWaitMs = 0, int minBytes = 1, int maxBytes = 50 << 20, int partitionMaxBytes = 1 << 20,
        sbyte isolation = 0) => new()
        {
            MaxWaitMs = maxWaitMs,
            MinBytes = minBytes,
            MaxBytes = maxBytes,
            IsolationLevel = isolation,
            Topics =
            [
                new FetchRequest.FetchTopic
                {
                    Topic = topic,
                    Partitions = [new FetchRequest.FetchPartition { Partition = partition, FetchOffset = offset, PartitionMaxBytes = partitionMaxBytes }],
                },
            ],
        };

    public static async Task<FetchResponse.PartitionData> FetchAsync(this WireConnection connection, FetchRequest request, short version = FetchNewest)
    {
        FetchResponse response = await connection.CallAsync<FetchRequest, FetchResponse>(request, version);
        return Assert.Single(Assert.Single(response.Responses).Partitions);
    }

    /// <summary>Offsets of all records of a record set.</summary>
    public static List<long> Offsets(RecordSet records)
    {
        Assert.False(records.IsNull);
        var offsets = new List<long>();
        ReadOnlyMemory<byte> left = records.Memory;
        while (left.Length > 0)
        {
            Assert.True(RecordBatchView.TryReadSize(left.Span, out int size));
            Assert.True(size <= left.Length, "a batch is cut");
            using RecordBatchReader reader = RecordBatchReader.Open(left[..size]);
            while (reader.TryRead(out Record record))
            {
                offsets.Add(record.Offset);
            }

            left = left[size..];
        }

        return offsets;
    }

    public static TheoryData<short> Versions(short lowest, short highest) => [.. Enumerable.Range(lowest, highest - lowest + 1).Select(static v => (short)v)];
}
