using System.Text;
using LogQueue.Records;

namespace LogQueue.Client.Tests.Client.Broker;

/// <summary>What the tests against a broker share: a deadline, topics, records in and out.</summary>
public abstract class BrokerTest(BrokerFixture broker) : IDisposable
{
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(40));

    protected BrokerFixture Broker => broker;

    /// <summary>Ends a test that hangs.</summary>
    protected CancellationToken Deadline => _deadline.Token;

    public void Dispose()
    {
        _deadline.Dispose();
        GC.SuppressFinalize(this);
    }

    protected static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    protected async Task<string> CreateTopicAsync(LogQueueClient client, int partitions = 1, IReadOnlyDictionary<string, string>? configs = null)
    {
        string topic = BrokerFixture.NewName("t");
        await client.Admin.CreateTopicAsync(topic, partitions, configs, Deadline);
        return topic;
    }

    /// <summary>Sends the texts value-0, value-1, ... with keys to one partition and waits for all.</summary>
    protected async Task FillAsync(LogQueueClient client, string topic, int count, int? partition = 0, int first = 0)
    {
        await using Producer producer = client.CreateProducer();
        for (int i = first; i < first + count; i++)
        {
            await producer.EnqueueAsync(new OutgoingRecord(topic, Bytes($"key-{i}"), Bytes($"value-{i}")) { Partition = partition }, Deadline);
        }

        await producer.FlushAsync(Deadline);
        Assert.Equal(0, producer.Statistics.RecordsFailed);
    }

    /// <summary>Everything in the topic, in the order in which it was yielded.</summary>
    protected async Task<List<ConsumedRecord>> ReadAllAsync(LogQueueClient client, string topic, Func<ConsumerOptions, ConsumerOptions>? change = null)
    {
        var options = new ConsumerOptions { Topics = [topic], Start = StartPosition.Beginning, StopAtEnd = true };
        await using Consumer consumer = client.CreateConsumer(change?.Invoke(options) ?? options);
        var records = new List<ConsumedRecord>();
        await foreach (ConsumedRecord record in consumer.WithCancellation(Deadline))
        {
            records.Add(record);
        }

        return records;
    }

    /// <summary>The next records.</summary>
    protected async Task<List<ConsumedRecord>> TakeAsync(Consumer consumer, int count)
    {
        var records = new List<ConsumedRecord>();
        if (count > 0)
        {
            await foreach (ConsumedRecord record in consumer.WithCancellation(Deadline))
            {
                records.Add(record);
                if (records.Count == count)
                {
                    break;
                }
            }
        }

        return records;
    }

    /// <summary>Waits until it holds.</summary>
    protected async Task UntilAsync(Func<bool> condition, string what)
    {
        while (!condition())
        {
            Assert.False(Deadline.IsCancellationRequested, $"did not happen in time: {what}");
            await Task.Delay(20, CancellationToken.None);
        }
    }

    protected static TopicPartition Part(string topic, int partition) => new(topic, partition);
}
