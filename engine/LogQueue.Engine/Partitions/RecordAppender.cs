using LogQueue.Engine.Errors;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Storage;

namespace LogQueue.Engine.Partitions;

/// <summary>Makes one batch of records and appends it to its partition. Thread-safe.</summary>
internal sealed class RecordAppender(Partition partition, PartitionHost host)
{
    /// <summary>Appends records as one batch: all of them or, with <see cref="AppendRefusedException"/>, none.</summary>
    public AppendResult Append(ReadOnlySpan<NewRecord> records)
    {
        if (records.IsEmpty)
        {
            throw new ArgumentException("An append needs at least one record.", nameof(records));
        }

        TopicConfig config = partition.Topic.Config;
        BuilderPool.Rented rented = host.Builders.Rent(config);
        try
        {
            AppendResult result = TryFill(rented.Builder, records)
                ? partition.Append(rented.Builder.Build())
                : AppendResult.Refused(
                    AppendStatus.TooLarge, partition.LogStartOffset,
                    $"{records.Length} records are more than one batch of {config.MaxMessageBytes} bytes (max.message.bytes): append fewer at a time.");
            return result.Status == AppendStatus.Appended ? result : throw new AppendRefusedException(partition.Id, result);
        }
        finally
        {
            host.Builders.Return(rented);
        }
    }

    /// <summary>As <see cref="Append"/>; waits for the disk if so much is unsynced that a power cut could take too much.</summary>
    public AppendResult AppendAndCatchUp(ReadOnlySpan<NewRecord> records)
    {
        AppendResult result = Append(records);
        if (host.IsDiskBehind)
        {
            try
            {
                partition.Log.Open().WaitUntilDurable(result.NextOffset);
            }
            catch (LogOfflineException)
            {
                // It was appended, and nothing was said of the disk; the next append is refused.
            }
        }

        return result;
    }

    private bool TryFill(RecordBatchBuilder builder, ReadOnlySpan<NewRecord> records)
    {
        long now = host.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (ref readonly NewRecord record in records)
        {
            if (!builder.TryAppend(record.TimestampMs ?? now, record.Key, record.Value, record.Headers))
            {
                return false;
            }
        }

        return true;
    }
}
