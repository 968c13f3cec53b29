using LogQueue.Engine.Errors;
using LogQueue.Engine.Partitions;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;

namespace LogQueue.Engine.Metadata;

/// <summary>
/// The engine's own metadata log: changes are durable when <see cref="AppendAsync"/> returns, in every durability mode. Thread-safe.
/// </summary>
internal sealed class MetadataLog(PartitionLog log, TimeProvider timeProvider)
{
    /// <summary>Kafka's well-known id of the metadata topic.</summary>
    public static readonly Guid TopicId = new("00000000-0000-0000-0000-000000000001");

    /// <summary>Segments and limits: nothing is ever deleted by time or size.</summary>
    public static LogOptions Options { get; } = new()
    {
        RetentionMs = -1,
        RetentionBytes = -1,
        DeleteOld = false,
        MaxMessageBytes = 64 << 20,
        TimestampAfterMaxMs = long.MaxValue,
    };

    /// <summary>The log.</summary>
    public PartitionLog Log => log;

    /// <summary>Adds up the snapshot that Kafka left, if there is one, and the whole log behind it.</summary>
    /// <param name="device">The disk of the log.</param>
    public Catalogue Replay(IStorageDevice device)
    {
        var catalogue = new Catalogue();
        MetadataSnapshot? snapshot = MetadataSnapshot.TryLoadNewest(device, log.Directory);
        snapshot?.ApplyTo(catalogue);
        long from = snapshot?.EndOffset ?? 0;
        if (from < log.LogStartOffset || from > log.LogEndOffset)
        {
            throw new CorruptRecordException(
                $"The metadata log '{log.Directory}' holds offsets {log.LogStartOffset} to {log.LogEndOffset - 1}, its newest whole snapshot ends at "
                + $"{from}: records between them are missing, and with them topics. Restore the directory from a copy.");
        }

        using var cursor = new BatchCursor(
            offset => log.Read(offset, BatchCursor.ReadBytes, ReadIsolation.LogEnd, atLeastOneBatch: true), from);
        while (cursor.MoveNext())
        {
            if (new RecordBatchView(cursor.Current.Span).IsControl)
            {
                continue;
            }

            using RecordBatchReader reader = RecordBatchReader.Open(cursor.Current);
            while (reader.TryRead(out Record record))
            {
                if (record.Offset < from)
                {
                    continue; // in the snapshot
                }

                catalogue.Apply(record.Value ?? throw new CorruptRecordException($"Metadata record {record.Offset} has no value."));
            }
        }

        return cursor.LastRead.Status == ReadStatus.Ok ? catalogue : throw new CorruptRecordException(
            $"The metadata log '{log.Directory}' cannot be read at offset {cursor.NextOffset} ({cursor.LastRead.Status}): "
            + "without it no topic is known. Restore the directory from a copy.");
    }

    /// <summary>Appends changes as one batch (all or none) and waits until they are durable.</summary>
    /// <exception cref="LogOfflineException">The data directory is fenced; whether the changes survive is unknown until a
    /// restart.</exception>
    /// <exception cref="EngineException">They could not be written; nothing changed.</exception>
    public async Task AppendAsync(IReadOnlyList<MetadataChange> changes)
    {
        long now = timeProvider.GetUtcNow().ToUnixTimeMilliseconds();
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions { Compression = CompressionType.None, MaxBatchBytes =
            Options.MaxMessageBytes });
        foreach (MetadataChange change in changes)
        {
            if (!builder.TryAppend(now, null, change.Frame))
            {
                throw new EngineException($"{changes.Count} metadata records are more than one batch of {Options.MaxMessageBytes} bytes: change fewer topics at a time.");
            }
        }

        AppendResult result = log.Append(builder.Build().Span, AppendOrigin.Internal);
        if (result.Status != AppendStatus.Appended)
        {
            throw result.Status == AppendStatus.Offline
                ? new LogOfflineException($"The metadata log takes no writes: {result.Detail}")
                : new EngineException($"The metadata log refused a change ({result.Status}): {result.Detail}");
        }

        // Not cancellable: an abandoned wait would leave memory and disk apart.
        await log.WaitUntilDurableAsync(result.NextOffset, CancellationToken.None).ConfigureAwait(false);
    }
}
