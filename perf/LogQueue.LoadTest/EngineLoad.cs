using LogQueue.Engine;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Storage;

namespace LogQueue.LoadTest;

/// <summary>Appends to an engine in this process, in a directory of its own that is deleted afterwards.</summary>
public static class EngineLoad
{
    private const int BatchBytes = 64 * 1024;

    /// <summary>Encodes records into batches of 64 KiB and appends them; durable once at the end.</summary>
    /// <exception cref="InvalidOperationException">An append was refused.</exception>
    public static async Task<LoadReport> RunAsync(LoadOptions options, CancellationToken cancellation = default)
    {
        string directory = Path.Combine(Directory.GetCurrentDirectory(), $".logqueue-bench-{Environment.ProcessId}");
        try
        {
            var engineOptions = new LogEngineOptions { DataDirectory = directory, OffsetsPartitionCount = 1 };
            await using LogEngine engine = await LogEngine.OpenAsync(engineOptions, cancellation).ConfigureAwait(false);
            Topic topic = await engine.CreateTopicAsync("bench", options.PartitionCount,
                cancellationToken: cancellation).ConfigureAwait(false);
            var payload = new SensorPayload(options.ValueBytes);
            await AppendAsync(topic, payload, options, Math.Max(1, options.WarmUpRecords), cancellation).ConfigureAwait(false);
            var meter = new LoadMeter();
            await AppendAsync(topic, payload, options, options.Records, cancellation).ConfigureAwait(false);
            return new LoadReport
            {
                Name = "engine append",
                Settings = LoadSettings.Describe(options, "embedded engine, 64 KiB batches, encode + CRC-32C + append",
                    "one sync at the end, counted"),
                Records = options.Records,
                Bytes = options.Records * options.ValueBytes,
                Took = meter.Elapsed,
                Cpu = meter.Cpu,
                AllocatedBytes = meter.AllocatedBytes,
            };
        }
        finally
        {
            if (Directory.Exists(directory))
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }

    private static async Task AppendAsync(Topic topic, SensorPayload payload, LoadOptions options, long records,
        CancellationToken cancellation)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions { Compression = options.Compression, MaxBatchBytes =
            BatchBytes });
        long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        int turn = 0;
        for (long i = 0; i < records; i++)
        {
            if (!builder.TryAppend(now, default, payload[i].Span))
            {
                Append(topic.Partitions[turn++ % topic.Partitions.Count], builder);
                builder.TryAppend(now, default, payload[i].Span);
                cancellation.ThrowIfCancellationRequested();
            }
        }

        Append(topic.Partitions[turn % topic.Partitions.Count], builder);
        foreach (Partition partition in topic.Partitions)
        {
            await partition.WaitUntilDurableAsync(partition.LogEndOffset, cancellation).ConfigureAwait(false);
        }
    }

    private static void Append(Partition partition, RecordBatchBuilder builder)
    {
        AppendResult result = partition.Append(builder.Build());
        builder.Reset();
        if (result.Status != AppendStatus.Appended)
        {
            throw new InvalidOperationException($"The append was refused: {result.Status} {result.Detail}");
        }
    }
}
