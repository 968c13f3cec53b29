using LogQueue.Client;
using LogQueue.Records;

namespace LogQueue.LoadTest;

/// <summary>Consumes what a topic holds, from its beginning.</summary>
public static class ConsumeLoad
{
    /// <summary>Reads <see cref="LoadOptions.Records"/> records, those of the warm-up not counted.</summary>
    public static async Task<LoadReport> RunAsync(
        LogQueueClient client, IReadOnlyList<TopicPartition> partitions, string target, LoadOptions options,
            CancellationToken cancellation = default)
    {
        await using Consumer consumer = client.CreateConsumer(new ConsumerOptions
        {
            Partitions = partitions, Start = StartPosition.Beginning, StopAtEnd = true, PrefetchBytes = 32 << 20,
        });
        LoadMeter? meter = null;
        long seen = 0;
        long measured = 0;
        long bytes = 0;

        // No portion larger than the warm-up: it must not swallow what is to be measured.
        int portion = (int)Math.Clamp(options.WarmUpRecords, 1, 10_000);
        IAsyncEnumerable<IReadOnlyList<ConsumedRecord>> batches = consumer.ReadBatchesAsync(portion, cancellation);
        await foreach (IReadOnlyList<ConsumedRecord> batch in batches.ConfigureAwait(false))
        {
            seen += batch.Count;
            if (meter is null)
            {
                meter = seen >= options.WarmUpRecords ? new LoadMeter() : null;
                continue;
            }

            measured += batch.Count;
            foreach (ConsumedRecord record in batch)
            {
                bytes += record.Value?.Length ?? 0;
            }

            if (measured >= options.Records)
            {
                break;
            }
        }

        if (meter is null || measured == 0)
        {
            throw new InvalidOperationException($"The topic has {seen} records, which is no more than the warm-up: produce more, or ask for fewer.");
        }

        return new LoadReport
        {
            Name = "consume",
            Settings = LoadSettings.Describe(options, target, "reads what is durable"),
            Records = measured,
            Bytes = bytes,
            Took = meter.Elapsed,
            Cpu = meter.Cpu,
            AllocatedBytes = meter.AllocatedBytes,
        };
    }
}
