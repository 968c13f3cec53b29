using System.Globalization;
using System.Text;
using LogQueue.Client;
using LogQueue.Records;

namespace LogQueue.Cli.Demo;

/// <summary>The throughput part of the demo: as many readings as fit into its time, produced and consumed side by side.</summary>
internal static class Burst
{
    private const int Sensors = 200;
    private const int FlightRecords = 100_000;
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(1.5);

    public static async Task<BurstResult> RunAsync(LogQueueClient client, string topic, IReadOnlyList<TopicPartition> partitions,
        CancellationToken cancellation)
    {
        await using Producer producer = client.CreateProducer();
        await using Consumer consumer = client.CreateConsumer(new ConsumerOptions { Partitions = partitions, Start = StartPosition.End,
            PrefetchBytes = 32 << 20 });
        long received = 0;
        long started = 0;
        long target = long.MaxValue;
        var allReceived = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task receiving = Task.Run(
            async () =>
            {
                await foreach (IReadOnlyList<ConsumedRecord> batch in consumer.ReadBatchesAsync(cancellationToken: stop.Token))
                {
                    if (Interlocked.Add(ref received, batch.Count) >= Volatile.Read(ref target))
                    {
                        allReceived.TrySetResult(TimeProvider.System.GetElapsedTime(started));
                        return;
                    }
                }
            },
            cancellation);
        await PositionedAsync(consumer, partitions, cancellation);

        started = TimeProvider.System.GetTimestamp();
        (long sent, long bytes, long mostLag) = await SendAsync(producer, topic, () => Interlocked.Read(ref received), started,
            cancellation);
        await producer.FlushAsync(cancellation);
        TimeSpan acknowledged = TimeProvider.System.GetElapsedTime(started);
        Volatile.Write(ref target, sent);
        TimeSpan took = Interlocked.Read(ref received) >= sent ? TimeProvider.System.GetElapsedTime(started)
            : await allReceived.Task.WaitAsync(TimeSpan.FromSeconds(10), cancellation);
        long failed = producer.Statistics.RecordsFailed;
        await stop.CancelAsync();
        await receiving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return new BurstResult(sent, bytes, Interlocked.Read(ref received), failed, mostLag, acknowledged, took);
    }

    private static async Task PositionedAsync(Consumer consumer, IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        while (consumer.Assignment.Count < partitions.Count || partitions.Any(p => consumer.Position(p) < 0))
        {
            await Task.Delay(5, cancellation);
        }
    }

    private static async Task<(long Sent, long Bytes, long MostLag)> SendAsync(
        Producer producer, string topic, Func<long> received, long started, CancellationToken cancellation)
    {
        byte[][] keys = [.. Enumerable.Range(0, Sensors).Select(static i => Encoding.UTF8.GetBytes($"pump-{i:D3}"))];
        var random = new Random(1);
        byte[][] values = [.. Enumerable.Range(0, 4096).Select(i => Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"temperature\":{20 + (random.NextDouble() * 60):0.00},\"vibration\":{random.NextDouble():0.000},\"rpm\":{1400 + random.Next(200)},\"status\":\"ok\"}}")))];
        long sent = 0;
        long bytes = 0;
        long mostLag = 0;
        while (TimeProvider.System.GetElapsedTime(started) < Length)
        {
            for (int i = 0; i < 500; i++, sent++)
            {
                byte[] value = values[sent % values.Length];
                byte[] key = keys[sent % Sensors];
                await producer.EnqueueAsync(new OutgoingRecord(topic, key, value), cancellation);
                bytes += key.Length + value.Length;
            }

            mostLag = Math.Max(mostLag, sent - received());
            while (sent - received() > FlightRecords)
            {
                await Task.Delay(1, cancellation);
            }
        }

        return (sent, bytes, mostLag);
    }
}
