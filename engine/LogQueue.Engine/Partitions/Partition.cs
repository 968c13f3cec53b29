using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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
    private readonly RecordAppender _appender;

    internal Partition(PartitionHost host, Topic topic, int number)
    {
        _host = host;
        Topic = topic;
        Id = new TopicPartition(topic.Name, number);
        _appender = new RecordAppender(this, host);
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

    /// <summary>Bytes of its segments' logs; their indexes and seals add about a thousandth.</summary>
    public long SizeBytes => Log.Opened?.SizeBytes ?? Log.Closed?.SizeBytes ?? 0;

    /// <summary>Its segments, the active one included.</summary>
    public int SegmentCount => Log.OpenForLookUp()?.SegmentCount ?? 0;

    /// <summary>
    /// True when opening found damage that it could not cut as a torn tail: the rest is served, appends are refused until it is repaired
    /// (<see cref="RecoverySummary.Damage"/> says where).
    /// </summary>
    public bool IsDamaged => Log.Opened?.IsDamaged ?? false;

    /// <summary>Who waits for its data.</summary>
    internal WatcherList Watchers { get; } = new();

    /// <summary>Its log, which is opened by its first use.</summary>
    internal LazyLog Log { get; }

    /// <summary>
    /// Appends ready batches as a producer sent them: they are checked, and their base offsets and leader epoch are stamped in place.
    /// Does not wait for the disk. What was refused is told by the result: look at <see cref="AppendResult.Status"/>.
    /// </summary>
    /// <param name="batch">Whole batches, back to back, each with base offset 0 as producers write it.</param>
    public AppendResult Append(Memory<byte> batch) => Append(batch, AppendOrigin.Client);

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

    /// <summary>Appends ready batches and waits until they are durable. Look at <see cref="AppendResult.Status"/>.</summary>
    /// <param name="batch">Whole batches, back to back, each with base offset 0 as producers write it.</param>
    /// <param name="cancellationToken">Ends the wait; the batches stay appended.</param>
    /// <exception cref="LogOfflineException">The data directory was fenced while waiting.</exception>
    /// <exception cref="SyncTimeoutException">The disk has not finished a sync within <see cref="LogEngineOptions.SyncWaitLimit"/>.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
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
    /// Appends one record and does not wait for the disk: it is written, a crash of the process does not take it, a power cut within
    /// <see cref="LogEngineOptions.FlushIntervalMs"/> may. <see cref="WaitUntilDurableAsync"/> waits for many at once.
    /// </summary>
    /// <returns>Its offset.</returns>
    /// <exception cref="AppendRefusedException">The record was refused; nothing was appended.</exception>
    public long Append(ReadOnlyMemory<byte>? key, ReadOnlyMemory<byte>? value, DateTimeOffset? timestamp = null)
    {
        var record = new NewRecord(key, value) { TimestampMs = timestamp?.ToUnixTimeMilliseconds() };
        return Append(new ReadOnlySpan<NewRecord>(in record)).BaseOffset;
    }

    /// <summary>
    /// Appends records as one batch, all or none (LZ4, unless the topic's <c>compression.type</c> says otherwise), and does not wait for
    /// the disk, unless 8 MiB are unsynced already: then until they are durable, so that a power cut takes no more than that.
    /// </summary>
    /// <exception cref="ArgumentException">There are no records.</exception>
    /// <exception cref="AppendRefusedException">They were refused, or are more than one batch; nothing was appended.</exception>
    public AppendResult Append(ReadOnlySpan<NewRecord> records) => _appender.AppendAndCatchUp(records);

    /// <summary>Appends records as one batch, all or none, and waits until they are durable.</summary>
    /// <param name="records">At least one; read before this returns.</param>
    /// <param name="cancellationToken">Ends the wait; the records stay appended.</param>
    /// <exception cref="ArgumentException">There are no records.</exception>
    /// <exception cref="AppendRefusedException">They were refused, or are more than one batch; nothing was appended.</exception>
    /// <exception cref="LogOfflineException">The data directory was fenced while waiting.</exception>
    /// <exception cref="SyncTimeoutException">The disk has not finished a sync within <see cref="LogEngineOptions.SyncWaitLimit"/>.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<AppendResult> AppendAsync(IReadOnlyList<NewRecord> records, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(records);
        AppendResult result = _appender.Append(records switch
        {
            NewRecord[] array => array,
            List<NewRecord> list => CollectionsMarshal.AsSpan(list),
            _ => [.. records],
        });
        await WaitUntilDurableAsync(result.NextOffset, cancellationToken).ConfigureAwait(false);
        return result;
    }

    /// <summary>Appends one record and waits until it is durable. Returns its offset.</summary>
    /// <param name="key">The key; null for none (not allowed in compacted topics).</param>
    /// <param name="value">The value; null is a tombstone in compacted topics.</param>
    /// <param name="timestamp">Its time; null for the engine's clock.</param>
    /// <param name="cancellationToken">Ends the wait; the record stays appended.</param>
    /// <exception cref="AppendRefusedException">The record was refused; nothing was appended.</exception>
    /// <exception cref="LogOfflineException">The data directory was fenced while waiting.</exception>
    /// <exception cref="SyncTimeoutException">The disk has not finished a sync within <see cref="LogEngineOptions.SyncWaitLimit"/>.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<long> AppendAsync(
        ReadOnlyMemory<byte>? key, ReadOnlyMemory<byte>? value, DateTimeOffset? timestamp = null, CancellationToken cancellationToken =
            default)
    {
        var record = new NewRecord(key, value) { TimestampMs = timestamp?.ToUnixTimeMilliseconds() };
        long offset = _appender.Append(new ReadOnlySpan<NewRecord>(in record)).BaseOffset;
        await WaitUntilDurableAsync(offset + 1, cancellationToken).ConfigureAwait(false);
        return offset;
    }

    /// <summary>
    /// Waits until everything below <paramref name="endOffset"/> is durable (durability=commit); with durability=os it is done already,
    /// and <see cref="FlushAsync"/> syncs.
    /// </summary>
    /// <exception cref="LogOfflineException">The data directory is fenced, or the engine closed.</exception>
    public ValueTask WaitUntilDurableAsync(long endOffset, CancellationToken cancellationToken = default) =>
        !_host.WaitsForSync ? default
        : _host.Metrics.MeasuresDurableWaits ? WaitMeasuredAsync(endOffset, cancellationToken)
        : Log.Open().WaitUntilDurableAsync(endOffset, cancellationToken);

    /// <summary>
    /// For who appends ready batches without waiting: waits until they are durable if more than 8 MiB are unsynced, else completes at once.
    /// </summary>
    /// <exception cref="LogOfflineException">The data directory is fenced, or the engine closed.</exception>
    /// <exception cref="SyncTimeoutException">The disk has not finished a sync within <see cref="LogEngineOptions.SyncWaitLimit"/>.</exception>
    public ValueTask CatchUpAsync(long endOffset, CancellationToken cancellationToken = default) =>
        _host.IsDiskBehind ? Log.Open().WaitUntilDurableAsync(endOffset, cancellationToken) : default;

    /// <summary>Syncs what was appended so far, whatever the durability: when it returns a power cut takes none of it.</summary>
    /// <exception cref="LogOfflineException">The data directory is fenced, or the engine closed.</exception>
    public ValueTask FlushAsync(CancellationToken cancellationToken = default) =>
        Log.Opened is { } log ? log.WaitUntilDurableAsync(log.LogEndOffset, cancellationToken) : default;

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
            return new ReadResult
            {
                Status = Log.IsRetired || Topic.IsDeleted ? ReadStatus.Offline : offset == 0 ? ReadStatus.Ok : ReadStatus.OffsetOutOfRange,
            };
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
        if (!result.Records.IsEmpty)
        {
            _host.Metrics.ReadBytes(result.Records.LengthBytes);
        }

        return result;
    }

    /// <summary>
    /// Copies whole batches from the one that holds an offset on into one pooled buffer, checksums verified: the first may start below it.
    /// </summary>
    /// <param name="offset">The first record wanted.</param>
    /// <param name="maxBytes">Most bytes; the first batch comes even if it is larger.</param>
    /// <param name="isolation">How far to read.</param>
    /// <exception cref="OffsetOutOfRangeException">The offset is below the log start or above the log end.</exception>
    /// <exception cref="CorruptRecordException">The log is damaged there.</exception>
    /// <exception cref="LogOfflineException">The engine was closed, the topic deleted, or the disk failed.</exception>
    public LeasedBatches ReadBatches(
        long offset, int maxBytes = BatchCursor.ReadBytes, ReadIsolation isolation = ReadIsolation.Uncommitted)
    {
        ReadResult read = Read(offset, maxBytes, isolation);
        ThrowUnlessOk(read, offset);
        return BatchLeasing.Lease(read, offset, Id);
    }

    /// <summary>A reader that starts at an offset and allocates nothing per record.</summary>
    /// <param name="fromOffset">The first record wanted; the log end is allowed.</param>
    /// <param name="isolation">How far to read; <see cref="ReadIsolation.Committed"/> leaves out aborted transactions.</param>
    public RecordReader CreateReader(long fromOffset, ReadIsolation isolation = ReadIsolation.Uncommitted) =>
        new(this, fromOffset, isolation, _host.TimeProvider);

    /// <summary>
    /// Reads records one by one, up to the high watermark at the start; with <paramref name="follow"/> goes on with those that are still
    /// to come, until cancelled: none is missed, none comes twice. Each record owns its memory. Control records are left out.
    /// </summary>
    /// <param name="fromOffset">The first record wanted.</param>
    /// <param name="follow">True: goes on at the end.</param>
    /// <param name="isolation">How far to read; <see cref="ReadIsolation.Committed"/> leaves out aborted transactions.</param>
    /// <param name="cancellationToken">Ends the reading with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="OffsetOutOfRangeException">The offset is below the log start (retention took it) or above the log end.</exception>
    /// <exception cref="CorruptRecordException">The log is damaged there.</exception>
    /// <exception cref="LogOfflineException">The log was closed or deleted.</exception>
    public async IAsyncEnumerable<Record> ReadRecordsAsync(
        long fromOffset, bool follow = false, ReadIsolation isolation = ReadIsolation.Uncommitted,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        long end = follow ? long.MaxValue : isolation == ReadIsolation.Committed ? LastStableOffset : HighWatermark;
        using RecordReader reader = CreateReader(fromOffset, isolation);
        cancellationToken.ThrowIfCancellationRequested();
        do
        {
            while (TryReadOwned(reader, out Record record) && record.Offset < end)
            {
                yield return record;
                cancellationToken.ThrowIfCancellationRequested();
            }

            if (follow)
            {
                await reader.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }
        while (follow);
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
            _host.Metrics.Refused(AppendStatus.DiskFull);
            return AppendResult.Refused(AppendStatus.DiskFull, LogStartOffset, _host.DiskLowReason);
        }

        if (!Log.TryOpen(out PartitionLog? log, out AppendResult refused))
        {
            _host.Metrics.Refused(refused.Status);
            return refused;
        }

        long started = _host.Metrics.StartAppend();
        AppendResult result = origin == AppendOrigin.Client && Topic.Config is { StoredCompression: { } codec } config
            && !RecordBatchRecompressor.IsDone(batch.Span, codec)
            ? RecompressedAppend.Run(log, batch, codec, config)
            : log.Append(batch.Span, origin);
        if (result.Status != AppendStatus.Appended)
        {
            _host.Metrics.Refused(result.Status);
        }
        else
        {
            _host.Metrics.Appended(result.LastOffset - result.BaseOffset + 1, batch.Length, started);
            if (_host.WaitsForSync && Watchers.Any)
            {
                // A reader waits at the durable end: it shall not wait for the flush interval.
                RequestCommit();
            }
        }

        return result;
    }

    internal void CountRead(long records) => _host.Metrics.ReadRecords(records);

    internal void ThrowUnlessOk(in ReadResult read, long offset)
    {
        switch (read.Status)
        {
            case ReadStatus.Ok:
                return;
            case ReadStatus.OffsetOutOfRange:
                throw new OffsetOutOfRangeException(Id, offset, read.LogStartOffset, read.HighWatermark);
            case ReadStatus.Corrupt:
                throw new CorruptRecordException(
                    $"{Id} is damaged at offset {offset}: read on from a later offset, or repair it (logqueue log repair).");
            default:
                throw new LogOfflineException($"{Id} cannot be read: it was closed or deleted, or its disk failed.");
        }
    }

    private static bool TryReadOwned(RecordReader reader, out Record record)
    {
        bool isRead = reader.TryRead(out RecordView view);
        record = isRead ? view.ToRecord() : default;
        return isRead;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitMeasuredAsync(long endOffset, CancellationToken cancellationToken)
    {
        long started = Stopwatch.GetTimestamp();
        await Log.Open().WaitUntilDurableAsync(endOffset, cancellationToken).ConfigureAwait(false);
        _host.Metrics.WaitedUntilDurable(started);
    }
}
