using System.Buffers.Binary;
using System.Text.Json;
using HdrHistogram;
using LogQueue.Client;
using LogQueue.Records;

namespace LogQueue.Cli.Demo;

/// <summary>
/// Receives what the demo sends, as it comes: statistics of each sensor, latency from send to received, queue length. Thread-safe.
/// </summary>
internal sealed class LiveTail : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, SensorStatistics> _sensors = new(StringComparer.Ordinal);
    private readonly LongHistogram _latencyMicros = new(60_000_000, 3);
    private readonly CancellationTokenSource _stop = new();
    private readonly Consumer _consumer;
    private readonly Task _receiving;
    private long _received;

    public LiveTail(LogQueueClient client, IReadOnlyList<TopicPartition> partitions)
    {
        _consumer = client.CreateConsumer(new ConsumerOptions { Partitions = partitions, Start = StartPosition.End });
        _receiving = Task.Run(ReceiveAsync);
    }

    public long Received => Interlocked.Read(ref _received);

    public double LatencyMs(double percentile)
    {
        lock (_lock)
        {
            return _latencyMicros.TotalCount == 0 ? 0 : _latencyMicros.GetValueAtPercentile(percentile) / 1000.0;
        }
    }

    public IReadOnlyList<KeyValuePair<string, SensorStatistics>> Sensors()
    {
        lock (_lock)
        {
            return [.. _sensors];
        }
    }

    /// <summary>True once it stands at the end of every partition, so that nothing sent from now on is missed.</summary>
    public async Task WaitUntilPositionedAsync(IReadOnlyList<TopicPartition> partitions, CancellationToken cancellation)
    {
        while (!partitions.All(IsPositioned))
        {
            await Task.Delay(10, cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _receiving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _consumer.DisposeAsync();
        _stop.Dispose();
    }

    private bool IsPositioned(TopicPartition partition)
    {
        try
        {
            return _consumer.Position(partition) >= 0;
        }
        catch (InvalidOperationException)
        {
            // Not assigned yet: the consumer starts with its first read.
            return false;
        }
    }

    private async Task ReceiveAsync()
    {
        await foreach (ConsumedRecord record in _consumer.WithCancellation(_stop.Token))
        {
            long now = TimeProvider.System.GetTimestamp();
            Reading reading = JsonSerializer.Deserialize(record.Value!.Value.Span, ReadingJson.Default.Reading);
            lock (_lock)
            {
                if (!_sensors.TryGetValue(record.KeyText!, out SensorStatistics? sensor))
                {
                    _sensors.Add(record.KeyText!, sensor = new SensorStatistics(reading.Unit));
                }

                sensor.Add(reading.Value);
                if (record.Headers is [{ Key: ReadingSender.SentHeader, Value: { Length: 8 } sent }])
                {
                    TimeSpan latency = TimeProvider.System.GetElapsedTime(BinaryPrimitives.ReadInt64BigEndian(sent.Span), now);
                    _latencyMicros.RecordValue(Math.Clamp((long)latency.TotalMicroseconds, 1, 60_000_000));
                }
            }

            Interlocked.Increment(ref _received);
        }
    }
}
