using System.Buffers.Binary;
using LogQueue.Records;
using LogQueue.Records.Compression;
using LogQueue.Storage.Indexes;
using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Compaction;

/// <summary>
/// Decides what of a batch stays, as Kafka's cleaner does, and writes it: the batch as it is, a batch with fewer records, its header alone,
/// or nothing. Base offset, last offset, sequence, timestamps and headers of what stays never change. One pass; not thread-safe.
/// </summary>
/// <remarks>
/// A record stays when it is the last of its key below the map's end, or lies past it. A tombstone that stays gives its batch a delete
/// horizon (attribute bit 6, and the horizon in place of the base timestamp, to which the deltas are then relative); once that has passed,
/// a pass drops it. Markers get their horizon when no data of their transaction are left. A batch without records keeps its header when it
/// holds the last sequence of a live producer, or ends the cleaned range.
/// </remarks>
internal sealed class BatchCleaner : IDisposable
{
    /// <summary>Batches of before the topic was compacted were never opened, so they may be larger than what is taken now.</summary>
    private const int LeastDecompressedBytes = 256 << 20;

    private readonly KeyOffsetMap _map;
    private readonly CleanedTransactions _transactions;
    private readonly ActiveProducers _producers;
    private readonly long _nowMs;
    private readonly long _deleteRetentionMs;
    private readonly PooledBufferWriter _decompressed;
    private readonly PooledBufferWriter _kept = new(64 << 10);
    private long _maxTimestamp;
    private int _keptCount;
    private bool _keepsTombstone;

    /// <summary>Creates a cleaner for one pass.</summary>
    public BatchCleaner(
        KeyOffsetMap map, CleanedTransactions transactions, ActiveProducers producers, LogOptions options, long nowMs)
    {
        _map = map;
        _transactions = transactions;
        _producers = producers;
        _nowMs = nowMs;
        _deleteRetentionMs = options.DeleteRetentionMs;
        _decompressed = new PooledBufferWriter(64 << 10, MostDecompressedBytes(options));
    }

    /// <summary>Records met so far.</summary>
    public long RecordsRead { get; private set; }

    /// <summary>Records that went so far.</summary>
    public long RecordsRemoved { get; private set; }

    /// <summary>The earliest delete horizon still to come among what stayed; the largest number when there is none.</summary>
    public long NextHorizonMs { get; private set; } = long.MaxValue;

    /// <summary>The transaction index entry of the last batch, when it was a marker that still has one.</summary>
    public AbortedEntry? StillAborted { get; private set; }

    /// <summary>Appends what stays of a checked batch to the output; true when that is the batch as it was.</summary>
    /// <exception cref="CorruptRecordException">Its records are damaged: nothing was appended.</exception>
    public bool Clean(in RecordBatchView batch, PooledBufferWriter output)
    {
        RecordCursor records = RecordCursor.Open(batch, _decompressed);
        StillAborted = null;
        AbortedEntry? stillAborted = null;
        bool isDone = batch.IsControl
            ? _transactions.IsMarkerDone(batch, records, out stillAborted)
            : _transactions.IsAborted(batch);
        StillAborted = stillAborted;
        bool isPastHorizon = batch.HasDeleteHorizon && batch.BaseTimestamp <= _nowMs;
        bool dropsAll = isDone && (!batch.IsControl || isPastHorizon);
        RecordsRead += batch.RecordCount;
        if (dropsAll || batch.RecordCount == 0)
        {
            RecordsRemoved += batch.RecordCount;
            return WriteHeaderIfNeeded(batch, output);
        }

        bool givesHorizon = !batch.HasDeleteHorizon && batch.IsControl && isDone;
        if (batch.IsControl)
        {
            _keepsTombstone = true; // counts as one: its horizon is waited for
            if (!givesHorizon || !Select(batch, records, keepAll: true, horizonMs: Horizon))
            {
                return WriteAsItIs(batch, output);
            }
        }
        else if (batch.BaseOffset >= _map.EndOffset)
        {
            _keepsTombstone = false;
            return WriteAsItIs(batch, output);
        }
        else
        {
            bool all = Select(batch, records, keepAll: false, horizonMs: null);
            givesHorizon = _keepsTombstone && !batch.HasDeleteHorizon;
            RecordsRemoved += batch.RecordCount - _keptCount;
            if (_keptCount == 0)
            {
                return WriteHeaderIfNeeded(batch, output);
            }

            if (all && !givesHorizon)
            {
                return WriteAsItIs(batch, output);
            }

            if (givesHorizon)
            {
                _ = Select(batch, records, keepAll: false, horizonMs: Horizon); // again, with deltas from the horizon
            }
        }

        WriteKept(batch, givesHorizon, output);
        return false;
    }

    /// <summary>Gives the buffers back.</summary>
    public void Dispose()
    {
        _decompressed.Dispose();
        _kept.Dispose();
    }

    /// <summary>Most bytes of one batch, decompressed, that a cleaner holds.</summary>
    internal static int MostDecompressedBytes(LogOptions options) => Math.Max(options.MaxDecompressedBytes, LeastDecompressedBytes);

    private long Horizon => _nowMs > long.MaxValue - _deleteRetentionMs ? long.MaxValue : _nowMs + _deleteRetentionMs;

    /// <summary>Collects the records that stay; true when all do.</summary>
    private bool Select(in RecordBatchView batch, RecordCursor records, bool keepAll, long? horizonMs)
    {
        _kept.Reset();
        _keptCount = 0;
        _keepsTombstone = keepAll;
        bool isAppendTime = batch.TimestampType == TimestampType.LogAppendTime;
        _maxTimestamp = isAppendTime ? batch.MaxTimestamp : -1;
        while (records.MoveNext())
        {
            if (!keepAll && !Stays(batch, records))
            {
                continue;
            }

            long timestamp = isAppendTime ? batch.MaxTimestamp : unchecked(batch.BaseTimestamp + records.TimestampDelta);
            _maxTimestamp = Math.Max(_maxTimestamp, timestamp);
            _keepsTombstone |= !records.HasValue && records.Offset < _map.EndOffset;
            _keptCount++;
            if (horizonMs is { } horizon)
            {
                Rewrite(records, unchecked(timestamp - horizon));
            }
            else
            {
                _kept.Write(records.Whole);
            }
        }

        return _keptCount == batch.RecordCount;
    }

    private bool Stays(in RecordBatchView batch, in RecordCursor record)
    {
        if (record.Offset >= _map.EndOffset)
        {
            return true;
        }

        if (!record.HasKey || record.Offset < _map.Find(record.Key))
        {
            return false; // without a key: left over from before the topic was compacted
        }

        return record.HasValue || !(PlantedBugs.IsOn(PlantedBug.DropTombstoneEarly)
            || (batch.HasDeleteHorizon && batch.BaseTimestamp <= _nowMs));
    }

    private void Rewrite(in RecordCursor record, long timestampDelta)
    {
        int length = 1 + Varint.SizeOfZigZag64(timestampDelta) + record.AfterTimestamp.Length;
        Span<byte> span = _kept.GetSpan(length + Varint.MaxBytes32);
        int at = Varint.WriteZigZag32(span, length);
        span[at++] = record.Attributes;
        at += Varint.WriteZigZag64(span[at..], timestampDelta);
        record.AfterTimestamp.CopyTo(span[at..]);
        _kept.Advance(at + record.AfterTimestamp.Length);
    }

    private bool WriteAsItIs(in RecordBatchView batch, PooledBufferWriter output)
    {
        output.Write(batch.Bytes);
        NoteHorizon(batch.HasDeleteHorizon ? batch.BaseTimestamp : long.MaxValue);
        return true;
    }

    private bool WriteHeaderIfNeeded(in RecordBatchView batch, PooledBufferWriter output)
    {
        if (!_producers.NeedsHeader(batch) && batch.NextOffset != _map.EndOffset)
        {
            return false;
        }

        if (batch.RecordCount == 0)
        {
            output.Write(batch.Bytes);
            return true;
        }

        Span<byte> header = output.GetSpan(RecordBatchLayout.HeaderBytes)[..RecordBatchLayout.HeaderBytes];
        batch.Bytes[..RecordBatchLayout.HeaderBytes].CopyTo(header);
        short attributes = (short)(batch.Attributes & ~(RecordBatchLayout.CompressionMask | RecordBatchLayout.DeleteHorizonBit));
        Complete(header, attributes, baseTimestamp: -1, batch.MaxTimestamp, recordCount: 0);
        output.Advance(RecordBatchLayout.HeaderBytes);
        return false;
    }

    private void WriteKept(in RecordBatchView batch, bool givesHorizon, PooledBufferWriter output)
    {
        int start = output.WrittenCount;
        output.Write(batch.Bytes[..RecordBatchLayout.HeaderBytes]);
        if (batch.Compression == CompressionType.None)
        {
            output.Write(_kept.WrittenSpan);
        }
        else
        {
            CompressionCodecs.For(batch.Compression).Compress(_kept.WrittenSpan, output);
        }

        short attributes = givesHorizon ? (short)(batch.Attributes | RecordBatchLayout.DeleteHorizonBit) : batch.Attributes;
        long baseTimestamp = givesHorizon ? Horizon : batch.BaseTimestamp;
        Complete(output.WrittenSpanMutable[start..], attributes, baseTimestamp, _maxTimestamp, _keptCount);
        NoteHorizon((attributes & RecordBatchLayout.DeleteHorizonBit) != 0 ? baseTimestamp : long.MaxValue);
    }

    private void NoteHorizon(long horizonMs)
    {
        if (_keepsTombstone && horizonMs >= _nowMs)
        {
            NextHorizonMs = Math.Min(NextHorizonMs, horizonMs);
        }
    }

    private static void Complete(Span<byte> batch, short attributes, long baseTimestamp, long maxTimestamp, int recordCount)
    {
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchLayout.BatchLengthPosition..],
            batch.Length - RecordBatchLayout.LogOverheadBytes);
        BinaryPrimitives.WriteInt16BigEndian(batch[RecordBatchLayout.AttributesPosition..], attributes);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchLayout.BaseTimestampPosition..], baseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatchLayout.MaxTimestampPosition..], maxTimestamp);
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatchLayout.RecordCountPosition..], recordCount);
        RecordBatchStamp.WriteCrc(batch);
    }
}
