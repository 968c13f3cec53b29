using LogQueue.Protocol;
using LogQueue.Records;

namespace LogQueue.Client.Tests.Client.Broker;

public sealed class LargeRecordTests(BrokerFixture broker) : BrokerTest(broker)
{
    private static readonly Dictionary<string, string> Small = new() { ["max.message.bytes"] = "2000" };

    [Theory]
    [InlineData(true, CompressionType.None)]
    [InlineData(true, CompressionType.Lz4)]
    [InlineData(false, CompressionType.None)]
    public async Task Batches_larger_than_the_topic_takes_arrive_in_parts_complete_and_in_order(bool isIdempotent, CompressionType compression)
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client, configs: Small);
        await using Producer producer = client.CreateProducer(new ProducerOptions
        {
            Idempotent = isIdempotent, MaxInFlight = isIdempotent ? 5 : 1, Compression = compression, BatchBytes = 16 * 1024,
        });
        var random = new Random(3);
        var sends = new List<Task<RecordMetadata>>();
        var values = new List<byte[]>();
        for (int i = 0; i < 600; i++)
        {
            byte[] value = new byte[random.Next(0, 300)];
            random.NextBytes(value);
            values.Add(value);
            sends.Add(producer.SendAsync(
                new OutgoingRecord(topic, null, value) { Headers = i % 3 == 0 ? [new RecordHeader("n", Bytes($"{i}"))] : null }, Deadline).AsTask());
        }

        RecordMetadata[] places = await Task.WhenAll(sends).WaitAsync(Deadline);
        List<ConsumedRecord> read = await ReadAllAsync(client, topic);
        Assert.Equal(600, read.Count);
        Assert.Equal(Enumerable.Range(0, 600).Select(static i => (long)i), places.Select(static p => p.Offset));
        Assert.Equal(values, read.Select(static r => r.Value!.Value.ToArray()));
        Assert.All(read, static r => Assert.Equal(r.Offset % 3 == 0 ? 1 : 0, r.Headers.Length));
        Assert.Equal((600, 0), (producer.Statistics.RecordsAcknowledged, producer.Statistics.RecordsFailed));
        Assert.Equal(0, producer.Statistics.BufferedBytes);
    }

    [Fact]
    public async Task A_record_too_large_by_itself_fails_alone_and_says_so()
    {
        await using LogQueueClient client = Broker.Connect();
        string topic = await CreateTopicAsync(client, configs: Small);
        await using Producer producer = client.CreateProducer(new ProducerOptions { Compression = CompressionType.None });
        var sends = new List<Task<RecordMetadata>>();
        for (int i = 0; i < 60; i++)
        {
            sends.Add(producer.SendAsync(new OutgoingRecord(topic, null, new byte[i % 20 == 7 ? 3000 : 100]), Deadline).AsTask());
        }

        for (int i = 0; i < 60; i++)
        {
            if (i % 20 == 7)
            {
                KafkaException error = await Assert.ThrowsAsync<KafkaException>(() => sends[i].WaitAsync(Deadline));
                Assert.Equal(ErrorCode.MessageTooLarge, error.ErrorCode);
                Assert.Contains("max.message.bytes", error.Message, StringComparison.Ordinal);
                Assert.Contains(topic, error.Message, StringComparison.Ordinal);
            }
            else
            {
                await sends[i].WaitAsync(Deadline);
            }
        }

        List<ConsumedRecord> read = await ReadAllAsync(client, topic);
        Assert.Equal(57, read.Count);
        Assert.Equal(3, producer.Statistics.RecordsFailed);
    }
}
