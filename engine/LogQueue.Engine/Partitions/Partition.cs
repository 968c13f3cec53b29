using System.Runtime.CompilerServices;
using LogQueue.Engine.Errors;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Partitions;

namespace LogQueue.Engine.Partitions;

/// <summary>One partition of a topic: an ordered log of records. Thread-safe.</summary>
public sealed class Partition
{
    private readonly PartitionHost _host;

    internal Partition(PartitionHost host, Topic topic, int number)
    {
        _host = host;
        Topic = topic;
        Id = new TopicPartition(topic.Name, number);
        Log = new LazyLog(host, this);
    }

    /// <summary>Topic and number.</summary>
    public TopicPartition Id { get; }

    /// <summary>Its topic.</summary>
    public Topic Topic { get; }

    /// <summary>The epoch stamped into appended batches; 0 unless the log was written elsewhere before.</summary>
    public int LeaderEpoch => Log.Opened?.LeaderEpoch ?? Log.Closed?.LeaderEpoch ?? 0;

    /// <summary>The first offset that can be read.</summary>
    public long LogStartOffset => Log.Opened?.LogStartOffset ?? Log.Closed?.LogStartOffset ?? 0;

    /// <summary>The offset the next record gets.</summary>
    public long LogEndOffset => Log.Opened?.LogEndOffset ?? Log.Closed?.LogEndOffset ?? 0;

    /// <summary>Records below it can be read.</summary>
    public long HighWatermark => Log.Opened?.HighWatermark ?? Log.Closed?.LogEndOffset ?? 0;

    /// <summary>Records below it belong to no open transaction.</summary>
    public long LastStableOffset => Log.Opened?.LastStableOffset ?? Log.Closed?.LastStableOffset ?? 0;

    /// <summary>Bytes of its segments.</summary>
    public long SizeBytes => Log.Opened?.SizeBytes ?? Log.Closed?.SizeBytes ?? 0;

    /// <summary>Who waits for its data.</summary>
    internal WatcherList Watchers { get; } = new();

    /// <summary>Its log, which is opened by its first use.</summary>
    internal LazyLog Log { get; }

    /// <summary>
    /// Appends ready batches as a producer sent them: they are checked, and their base offsets and leader epoch are stamped in place.
    /// Does not wait for the disk.
    /// </summary>
    public AppendResult Append(Memory<byte> batch) => Append(batch, AppendOrigin.Client);

    /// <summary>
    /// Waits until everything below <paramref name="endOffset"/> is durable (durability=commit); with durability=os it is done already.
    /// </summary>
    /// <exception cref="LogOfflineException">The data directory is fenced, or the engine closed.</exception>
    public ValueTask WaitUntilDurableAsync(long endOffset, CancellationToken cancellationToken = default) =>
        _host.WaitsForSync ? Log.Open().WaitUntilDurableAsync(endOffset, cancellationToken) : default;

    /// <summary>
    /// As <see cref="WaitUntilDurableAsync"/>, on the calling thread, which syncs by itself: the fastest way for a single writer with a
    /// thread of its own. Threads that call it together share a sync.
    /// </summary>
    /// <exception cref="LogOfflineException">The data directory is fenced, the engine closed, or the log ends below the offset.</exception>
    public void WaitUntilDurable(long endOffset)
    {
        if (_host.WaitsForSync)
        {
            Log.Open().WaitUntilDurable(endOffset);
        }
    }

    /// <summary>Appends ready batches and waits until they are durable.</summary>
    /// <exception cref="LogOfflineException">The data directory was fenced while waiting.</exception>
    public async ValueTask<AppendResult> AppendAsync(Memory<byte> batch, CancellationToken cancellationToken = default)
    {
        AppendResult result = Append(batch);
        if (result.Status is AppendStatus.Appended or AppendStatus.Duplicate)
        {
            await WaitUntilDurableAsync(result.NextOffset, cancellationToken).ConfigureAwait(false);
        }

        return result;
    }

    /// <summary>
    /// Appends records as one batch (LZ4, unless the topic's <c>compression.type</c> says otherwise) and waits until they are durable.
    /// </summary>
    /// <exception cref="ArgumentException">There are no records.</exception>
    /// <exception cref="LogOfflineException">The data directory was fenced while waiting.</exception>
    public ValueTask<AppendResult> AppendAsync(IReadOnlyList<NewRecord> records, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        if (records.Count == 0)
        {
            throw new ArgumentException("An append needs at least one record.", nameof(records));
        }

        return FinishAsync(AppendBuilt(records), cancellationToken);
    }

    /// <summary>Appends one record and waits until it is durable. Returns its offset.</summary>
    /// <exception cref="AppendRefusedException">The record was refused; nothing was appended.</exception>
    /// <exception cref="LogOfflineException">The data directory was fenced while waiting.</exception>
    public async ValueTask<long> AppendAsync(
        ReadOnlyMemory<byte>? key, ReadOnlyMemory<byte>? value, DateTimeOffset? timestamp = null, CancellationToken cancellationToken =
            default)
    {
        NewRecord[] one = [new NewRecord(key, value) { TimestampMs = timestamp?.ToUnixTimeMilliseconds() }];
        AppendResult result = await FinishAsync(AppendBuilt(one), cancellationToken).ConfigureAwait(false);
        return result.Status == AppendStatus.Appended ? result.BaseOffset : throw new AppendRefusedException(Id, result);
    }

    /// <summary>
    /// Reads whole batches from the one that holds an offset on: the first batches of the result may start below it.
    /// Dispose the records of the result: they lease the segment file.
    /// </summary>
    /// <param name="offset">The first record wanted.</param>
    /// <param name="maxBytes">Most bytes.</param>
    /// <param name="isolation">How far to read.</param>
    /// <param name="atLeastOneBatch">True: the first batch comes although it is larger than <paramref name="maxBytes"/>.</param>
    public ReadResult Read(
        long offset, int maxBytes, ReadIsolation isolation = ReadIsolation.Uncommitted, bool atLeastOneBatch = true)
    {
        if (!Log.HasFiles)
        {
            return new ReadResult { Status = offset == 0 ? ReadStatus.Ok : ReadStatus.OffsetOutOfRange };
        }

        if (!Log.TryOpen(out PartitionLog? log, out _))
        {
            return new ReadResult
            {
                Status = ReadStatus.Offline, HighWatermark = HighWatermark, LastStableOffset = LastStableOffset,
                LogStartOffset = LogStartOffset,
            };
        }

        ReadResult result = log.Read(offset, maxBytes, isolation, atLeastOneBatch);
        if (result.Records is { } records)
        {
            _host.Metrics.Read(records.LengthBytes);
        }

        return result;
    }

    /// <summary>
    /// Reads records one by one; with <paramref name="follow"/> goes on with those that are still to come, until cancelled.
    /// Each record owns its memory. Control records are left out.
    /// </summary>
    /// <exception cref="OffsetOutOfRangeException">The offset is below the log start or above the log end.</exception>
    /// <exception cref="CorruptRecordException">The log is damaged there.</exception>
    /// <exception cref="LogOfflineException">The log was closed or deleted.</exception>
    public async IAsyncEnumerable<Record> ReadRecordsAsync(
        long fromOffset, bool follow = false, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using DataWaiter? waiter = follow ? new DataWaiter(_host.TimeProvider) : null;
        waiter?.Watch(this);
        using var cursor = new BatchCursor(offset => Read(offset, BatchCursor.ReadBytes), fromOffset);
        while (true)
        {
            while (cursor.MoveNext())
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (new RecordBatchView(cursor.Current.Span).IsControl)
                {
                    continue;
                }

                using RecordBatchReader reader = RecordBatchReader.Open(cursor.Current);
                while (reader.TryRead(out Record record))
                {
                    if (record.Offset >= fromOffset)
                    {
                        yield return Owned(record);
                    }
                }
            }

            ThrowUnlessOk(cursor);
            if (waiter is null)
            {
                yield break;
            }

            await waiter.WaitAsync(Timeout.InfiniteTimeSpan, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The first record at or after a time; null when there is none.</summary>
    public TimestampOffset? FindOffset(DateTimeOffset time) => FindOffset(time.ToUnixTimeMilliseconds());

    /// <summary>The first record at or after a time in milliseconds since 1970; null when there is none.</summary>
    public TimestampOffset? FindOffset(long timestampMs) => Log.OpenForLookUp()?.FindOffset(timestampMs);

    /// <summary>The record with the largest timestamp; null when the log is empty.</summary>
    public TimestampOffset? FindMaxTimestamp() => Log.OpenForLookUp()?.FindMaxTimestamp();

    /// <summary>Where a leader epoch ended.</summary>
    public EpochEndOffset FindEpochEnd(int leaderEpoch) => Log.OpenForLookUp()?.FindEpochEnd(leaderEpoch) ?? new EpochEndOffset(-1, -1);

    /// <summary>Makes records below an offset unreadable and deletes whole segments below it; durable when it returns.</summary>
    /// <param name="beforeOffset">The new log start; -1 for the high watermark. Below the present start nothing happens.</param>
    /// <param name="cancellationToken">Ends the wait for the disk, not the deletion.</param>
    /// <exception cref="OffsetOutOfRangeException">The offset is above the high watermark.</exception>
    public async Task DeleteRecordsAsync(long beforeOffset, CancellationToken cancellationToken = default)
    {
        long highWatermark = HighWatermark;
        if (beforeOffset < -1 || beforeOffset > highWatermark)
        {
            throw new OffsetOutOfRangeException(Id, beforeOffset, LogStartOffset, highWatermark);
        }

        long target = beforeOffset == -1 ? highWatermark : beforeOffset;
        if (target > LogStartOffset)
        {
            PartitionLog log = Log.Open();
            await Task.Run(() => log.AdvanceLogStart(target), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Asks for the next group sync now, because a reader waits at the durable end.</summary>
    public void RequestCommit() => Log.Opened?.RequestCommit();

    /// <inheritdoc/>
    public override string ToString() => $"{Id.Topic}-{Id.Partition} [{LogStartOffset}, {HighWatermark})";

    /// <summary>Appends for the engine itself: control batches are allowed, low disk space does not refuse.</summary>
    internal AppendResult Append(Memory<byte> batch, AppendOrigin origin)
    {
        if (origin == AppendOrigin.Client && _host.IsDiskLow)
        {
            return AppendResult.Refused(
                AppendStatus.DiskFull, LogStartOffset,
                    "The disk has fewer free bytes than logqueue.disk.min.free.bytes: make room, or lower the bound.");
        }

        if (!Log.TryOpen(out PartitionLog? log, out AppendResult refused))
        {
            return refused;
        }

        AppendResult result = log.Append(batch.Span, origin);
        if (result.Status == AppendStatus.Appended)
        {
            _host.Metrics.Appended(result.LastOffset - result.BaseOffset + 1, batch.Length);
            if (_host.WaitsForSync && Watchers.Any)
            {
                // A reader waits at the durable end: it shall not wait for the flush interval.
                RequestCommit();
            }
        }

        return result;
    }

    private static Record Owned(Record record)
    {
        byte[] memory = new byte[(record.Key?.Length ?? 0) + (record.Value?.Length ?? 0)];
        int at = 0;
        ReadOnlyMemory<byte>? key = Copy(record.Key);
        ReadOnlyMemory<byte>? value = Copy(record.Value);
        RecordHeader[] headers = record.Headers.Length == 0
            ? record.Headers
            : Array.ConvertAll(record.Headers, static h => new RecordHeader(h.Key, h.Value?.ToArray()));
        return new Record(record.Offset, record.TimestampMs, key, value, headers);

        ReadOnlyMemory<byte>? Copy(ReadOnlyMemory<byte>? source)
        {
            if (source is not { } bytes)
            {
                return null;
            }

            bytes.Span.CopyTo(memory.AsSpan(at));
            at += bytes.Length;
            return memory.AsMemory(at - bytes.Length, bytes.Length);
        }
    }

    private void ThrowUnlessOk(BatchCursor cursor)
    {
        ReadResult last = cursor.LastRead;
        switch (last.Status)
        {
            case ReadStatus.Ok:
                return;
            case ReadStatus.OffsetOutOfRange:
                throw new OffsetOutOfRangeException(Id, cursor.NextOffset, last.LogStartOffset, last.HighWatermark);
            case ReadStatus.Corrupt:
                throw new CorruptRecordException($"{Id.Topic}-{Id.Partition} is damaged at offset {cursor.NextOffset}.");
            default:
                throw new LogOfflineException($"{Id.Topic}-{Id.Partition} cannot be read: it was closed or deleted, or its disk failed.");
        }
    }

    private async ValueTask<AppendResult> FinishAsync(AppendResult result, CancellationToken cancellationToken)
    {
        if (result.Status == AppendStatus.Appended)
        {
            await WaitUntilDurableAsync(result.NextOffset, cancellationToken).ConfigureAwait(false);
        }

        return result;
    }

    private AppendResult AppendBuilt(IReadOnlyList<NewRecord> records)
    {
        TopicConfig config = Topic.Config;
        BuilderPool.Rented rented = _host.Builders.Rent(config);
        RecordBatchBuilder builder = rented.Builder;
        try
        {
            long now = _host.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();
            for (int i = 0; i < records.Count; i++)
            {
                NewRecord record = records[i];
                RecordHeader[] headers = record.Headers is null ? [] : record.Headers as RecordHeader[] ?? [.. record.Headers];
                if (!builder.TryAppend(record.TimestampMs ?? now, record.Key, record.Value, headers))
                {
                    return AppendResult.Refused(
                        AppendStatus.TooLarge, LogStartOffset,
                        $"{records.Count} records are more than one batch of {config.MaxMessageBytes} bytes (max.message.bytes): append fewer at a time.");
                }
            }

            return Append(builder.Build());
        }
        finally
        {
            _host.Builders.Return(rented);
        }
    }
}
