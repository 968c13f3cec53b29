using LogQueue.Records;

namespace LogQueue.Storage.Partitions;

/// <summary>The log of one partition. Thread-safe.</summary>
internal sealed class PartitionLog : IDisposable
{
    /// <summary>Raised after the high watermark or the last stable offset advanced; never under a lock. Set it once, after opening.</summary>
    public Action? HighWatermarkAdvanced { get; set; }

    public TopicPartition Id => throw new NotSupportedException();
    public string Directory => throw new NotSupportedException();
    public Guid TopicId => throw new NotSupportedException();
    public int LeaderEpoch => throw new NotSupportedException();
    public LogOptions Options => throw new NotSupportedException();
    public long LogStartOffset => throw new NotSupportedException();
    public long LogEndOffset => throw new NotSupportedException();
    public long HighWatermark => throw new NotSupportedException();
    public long LastStableOffset => throw new NotSupportedException();
    public long RecoveryPoint => throw new NotSupportedException();
    public long SizeBytes => throw new NotSupportedException();
    public RecoveryReport Recovery => throw new NotSupportedException();

    /// <summary>Opens or creates the log of a partition directory (created, and its parent synced, when missing). Damage is reported, not thrown.</summary>
    public static PartitionLog Open(
        PartitionLogContext context, string directory, TopicPartition id, LogOptions options, bool cleanShutdown, Guid topicId = default) =>
        throw new NotSupportedException();

    public void Reconfigure(LogOptions options) => throw new NotSupportedException();
    public AppendResult Append(Span<byte> batches, AppendOrigin origin) => throw new NotSupportedException();
    public ValueTask WaitUntilDurableAsync(long endOffset, CancellationToken cancellationToken) => throw new NotSupportedException();
    public void RequestCommit() => throw new NotSupportedException();
    public ReadResult Read(long offset, int maxBytes, ReadIsolation isolation, bool atLeastOneBatch) => throw new NotSupportedException();
    public TimestampOffset? FindOffset(long timestampMs) => throw new NotSupportedException();
    public TimestampOffset? FindMaxTimestamp() => throw new NotSupportedException();
    public EpochEndOffset FindEpochEnd(int leaderEpoch) => throw new NotSupportedException();

    /// <summary>Moves the log start (DeleteRecords); durable when it returns. Whole segments below it go.</summary>
    public void AdvanceLogStart(long offset) => throw new NotSupportedException();

    /// <summary>Deletes what retention no longer keeps; returns the number of segments removed.</summary>
    public int Retain(DateTimeOffset now) => throw new NotSupportedException();
    public void TruncateTo(long offset) => throw new NotSupportedException();
    public void Roll() => throw new NotSupportedException();

    /// <summary>Periodic upkeep: checkpoint, producer expiry, roll by age.</summary>
    public void Maintain(DateTimeOffset now) => throw new NotSupportedException();

    /// <summary>Closes and deletes all files once the last reader is done; the caller has made the topic's removal durable.</summary>
    public void Delete() => throw new NotSupportedException();

    /// <summary>Syncs, trims, checkpoints and closes.</summary>
    public Task CloseAsync() => throw new NotSupportedException();

    /// <summary>Closes the files without syncing (a crash, as far as the disk can tell).</summary>
    public void Dispose() => throw new NotSupportedException();
}
