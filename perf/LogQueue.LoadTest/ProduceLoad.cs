using System.Threading.Channels;
using HdrHistogram;
using LogQueue.Client;

namespace LogQueue.LoadTest;

/// <summary>Produces to a broker and times the acknowledgements.</summary>
public static class ProduceLoad
{
    /// <summary>Of this many records one is timed, when no rate is given; with a rate every one.</summary>
    private const int TimedOneOf = 64;

    private const long MostMicros = 120_000_000;

    /// <summary>Runs the load against an existing topic.</summary>
    public static async Task<LoadReport> RunAsync(LogQueueClient client, string topic, string target, LoadOptions options,
        CancellationToken cancellation = default)
    {
        await using Producer producer = client.CreateProducer(new ProducerOptions
        {
            Acks = options.Acks, Idempotent = options.Acks == Acks.All, Compression = options.Compression,
        });
        var payload = new SensorPayload(options.ValueBytes);
        await SendAsync(producer, topic, payload, options with { RatePerSecond = null }, options.WarmUpRecords, null,
            cancellation).ConfigureAwait(false);
        var latency = new LongHistogram(MostMicros, 3);
        var meter = new LoadMeter();
        await SendAsync(producer, topic, payload, options, options.Records, latency, cancellation).ConfigureAwait(false);
        TimeSpan took = meter.Elapsed;
        if (producer.Statistics.RecordsFailed > 0)
        {
            throw new InvalidOperationException($"{producer.Statistics.RecordsFailed} records were not stored.");
        }

        return new LoadReport
        {
            Name = "produce",
            Settings = LoadSettings.Describe(options, target,
                $"acks={options.Acks.ToString().ToLowerInvariant()}, as the broker is configured"),
            Records = options.Records,
            Bytes = options.Records * options.ValueBytes,
            Took = took,
            Cpu = meter.Cpu,
            AllocatedBytes = meter.AllocatedBytes,
            LatencyMicros = latency,
        };
    }

    private static async Task SendAsync(
        Producer producer, string topic, SensorPayload payload, LoadOptions options, long records, LongHistogram? latency,
            CancellationToken cancellation)
    {
        int timedOneOf = options.RatePerSecond is null ? TimedOneOf : 1;
        var timed = Channel.CreateBounded<(Delivery Delivery, long Intended)>(new BoundedChannelOptions(100_000) { SingleReader = true,
            SingleWriter = true });
        Task timing = TimeAsync(timed.Reader, latency, cancellation);
        var pace = new Pace(options.RatePerSecond);
        for (long i = 0; i < records; i++)
        {
            bool isTimed = latency is not null && i % timedOneOf == 0;
            long intended = isTimed || options.RatePerSecond is not null ? await pace.WaitAsync(i, cancellation).ConfigureAwait(false) : 0;
            Delivery delivery = await producer.EnqueueAsync(new OutgoingRecord(topic, null, payload[i]),
                cancellation).ConfigureAwait(false);
            if (isTimed)
            {
                await timed.Writer.WriteAsync((delivery, intended), cancellation).ConfigureAwait(false);
            }
        }

        await producer.FlushAsync(cancellation).ConfigureAwait(false);
        timed.Writer.Complete();
        await timing.ConfigureAwait(false);
    }

    private static async Task TimeAsync(ChannelReader<(Delivery Delivery, long Intended)> timed, LongHistogram? latency,
        CancellationToken cancellation)
    {
        await foreach ((Delivery delivery, long intended) in timed.ReadAllAsync(cancellation).ConfigureAwait(false))
        {
            await delivery.Acknowledged.ConfigureAwait(false);
            latency?.RecordValue(Math.Clamp((long)TimeProvider.System.GetElapsedTime(intended).TotalMicroseconds, 1, MostMicros));
        }
    }
}
