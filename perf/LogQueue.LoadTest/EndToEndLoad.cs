using System.Buffers.Binary;
using HdrHistogram;
using LogQueue.Client;
using LogQueue.Records;

namespace LogQueue.LoadTest;

/// <summary>Produces and consumes side by side; latency runs from the intended time of a record to its receipt.</summary>
public static class EndToEndLoad
{
    /// <summary>Rate used when none is given: latency without a rate would measure the queue in front of the broker.</summary>
    public const double DefaultRatePerSecond = 1000;

    private const long MostMicros = 120_000_000;

    /// <summary>Runs the load against an existing, otherwise idle topic.</summary>
    public static async Task<LoadReport> RunAsync(
        LogQueueClient client, IReadOnlyList<TopicPartition> partitions, string target, LoadOptions options,
            CancellationToken cancellation = default)
    {
        options = options with { RatePerSecond = options.RatePerSecond ?? DefaultRatePerSecond, ValueBytes =
            Math.Max(8, options.ValueBytes) };
        await using Consumer consumer = client.CreateConsumer(new ConsumerOptions { Partitions = partitions, Start = StartPosition.End });
        await using Producer producer = client.CreateProducer(new ProducerOptions
        {
            Acks = options.Acks, Idempotent = options.Acks == Acks.All, Compression = options.Compression,
        });
        var latency = new LongHistogram(MostMicros, 3);
        long total = options.WarmUpRecords + options.Records;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task receiving = ReceiveAsync(consumer, latency, options.WarmUpRecords, total, stop.Token);
        while (consumer.Assignment.Count < partitions.Count || partitions.Any(p => consumer.Position(p) < 0))
        {
            await Task.Delay(5, cancellation).ConfigureAwait(false);
        }

        var payload = new SensorPayload(options.ValueBytes);
        var pace = new Pace(options.RatePerSecond);
        LoadMeter meter = new();
        for (long i = 0; i < total; i++)
        {
            long intended = await pace.WaitAsync(i, cancellation).ConfigureAwait(false);
            meter = i == options.WarmUpRecords ? new LoadMeter() : meter;
            byte[] value = payload[i].ToArray();
            BinaryPrimitives.WriteInt64BigEndian(value, intended);
            await producer.EnqueueAsync(new OutgoingRecord(partitions[0].Topic, null, value), cancellation).ConfigureAwait(false);
        }

        await producer.FlushAsync(cancellation).ConfigureAwait(false);
        await receiving.WaitAsync(TimeSpan.FromSeconds(30), cancellation).ConfigureAwait(false);
        return new LoadReport
        {
            Name = "end to end",
            Settings = LoadSettings.Describe(options, target,
                $"acks={options.Acks.ToString().ToLowerInvariant()}; a consumer sees what is durable"),
            Records = options.Records,
            Bytes = options.Records * options.ValueBytes,
            Took = meter.Elapsed,
            Cpu = meter.Cpu,
            AllocatedBytes = meter.AllocatedBytes,
            LatencyMicros = latency,
        };
    }

    private static async Task ReceiveAsync(Consumer consumer, LongHistogram latency, long warmUp, long total,
        CancellationToken cancellation)
    {
        long seen = 0;
        await foreach (ConsumedRecord record in consumer.WithCancellation(cancellation).ConfigureAwait(false))
        {
            if (++seen > warmUp)
            {
                TimeSpan took = TimeProvider.System.GetElapsedTime(BinaryPrimitives.ReadInt64BigEndian(record.Value!.Value.Span));
                latency.RecordValue(Math.Clamp((long)took.TotalMicroseconds, 1, MostMicros));
            }

            if (seen == total)
            {
                return;
            }
        }
    }
}
