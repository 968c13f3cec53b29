using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Storage;

namespace LogQueue.Engine.Partitions;

/// <summary>One partition of a topic: an ordered log of records. Thread-safe.</summary>
public sealed class Partition
{
    internal Partition(Topic topic) => Topic = topic;

    /// <summary>Topic and number.</summary>
    public TopicPartition Id => throw new NotSupportedException();

    /// <summary>Its topic.</summary>
    public Topic Topic { get; }

    /// <summary>The epoch stamped into appended batches; 0 on one node.</summary>
    public int LeaderEpoch => throw new NotSupportedException();

    /// <summary>The first offset that can be read.</summary>
    public long LogStartOffset => throw new NotSupportedException();

    /// <summary>The offset the next record gets.</summary>
    public long LogEndOffset => throw new NotSupportedException();

    /// <summary>Records below it can be read.</summary>
    public long HighWatermark => throw new NotSupportedException();

    /// <summary>Records below it belong to no open transaction.</summary>
    public long LastStableOffset => throw new NotSupportedException();

    /// <summary>Bytes of its segments.</summary>
    public long SizeBytes => throw new NotSupportedException();

    /// <summary>Appends ready batches as a producer sent them, in place of their offsets and epoch; does not wait for the disk.</summary>
    public AppendResult Append(Memory<byte> batch) => throw new NotSupportedException();

    /// <summary>Waits until everything below <paramref name="endOffset"/> is durable (durability=commit) or written (durability=os).</summary>
    public ValueTask WaitUntilDurableAsync(long endOffset, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Appends ready batches and waits until they are durable.</summary>
    public ValueTask<AppendResult> AppendAsync(Memory<byte> batch, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Appends records as one batch (LZ4, unless the topic says otherwise) and waits until they are durable.</summary>
    public ValueTask<AppendResult> AppendAsync(IReadOnlyList<NewRecord> records, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Appends one record and waits until it is durable. Returns its offset.</summary>
    public ValueTask<long> AppendAsync(
        ReadOnlyMemory<byte>? key, ReadOnlyMemory<byte>? value, DateTimeOffset? timestamp = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>Reads whole batches from the one that holds an offset on. Dispose the records of the result.</summary>
    public ReadResult Read(
        long offset, int maxBytes, ReadIsolation isolation = ReadIsolation.Uncommitted, bool atLeastOneBatch = true) =>
        throw new NotSupportedException();

    /// <summary>Reads records one by one; with <paramref name="follow"/> goes on with those that are still to come. Each record owns its memory.</summary>
    public IAsyncEnumerable<Record> ReadRecordsAsync(long fromOffset, bool follow = false, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException();

    /// <summary>The first record at or after a time; null when there is none.</summary>
    public TimestampOffset? FindOffset(DateTimeOffset time) => throw new NotSupportedException();

    /// <summary>The first record at or after a time in milliseconds since 1970; null when there is none.</summary>
    public TimestampOffset? FindOffset(long timestampMs) => throw new NotSupportedException();

    /// <summary>The record with the largest timestamp; null when the log is empty.</summary>
    public TimestampOffset? FindMaxTimestamp() => throw new NotSupportedException();

    /// <summary>Where a leader epoch ended.</summary>
    public EpochEndOffset FindEpochEnd(int leaderEpoch) => throw new NotSupportedException();

    /// <summary>Makes records below an offset unreadable and deletes whole segments below it; durable when it returns.</summary>
    public Task DeleteRecordsAsync(long beforeOffset, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    /// <summary>Asks for the next group sync now, because a reader waits at the durable end.</summary>
    public void RequestCommit() => throw new NotSupportedException();
}
