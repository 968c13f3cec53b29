using LogQueue.Protocol.Messages;
using LogQueue.Records;

namespace LogQueue.Client.Consuming;

/// <summary>
/// Turns the record set of one partition into chunks: checks each batch, decompresses it, skips what is before the asked offset, after the
/// stop, of control batches and of aborted transactions, and copies the rest out of the network buffer. For one use.
/// </summary>
internal sealed class ChunkDecoder(ReadPartition partition, ConsumerOptions options, long fetchOffset, long stopOffset)
{
    private const int ChunkRecords = 8192;

    /// <summary>Records share arrays of this size: few allocations, and still below the large object heap.</summary>
    private const int ArenaBytes = 64 * 1024;

    private readonly long _firstOffset = fetchOffset;
    private readonly List<FetchedChunk> _chunks = [];
    private readonly HashSet<long> _abortedProducers = [];
    private ConsumedRecord[] _records = [];
    private int _count;
    private long _sizeBytes;
    private byte[] _arena = [];
    private int _arenaHintBytes;
    private int _arenaUsed;

    /// <summary>Where the next fetch goes on.</summary>
    public long NextOffset { get; private set; } = fetchOffset;

    /// <summary>Decodes all whole batches.</summary>
    /// <exception cref="CorruptRecordException">A batch is damaged; what came before it is lost too, the position stays.</exception>
    public List<FetchedChunk> Decode(ReadOnlyMemory<byte> batches, FetchResponse.AbortedTransaction[]? aborted)
    {
        var abortedQueue = new Queue<FetchResponse.AbortedTransaction>((aborted ?? []).OrderBy(static a => a.FirstOffset));
        _arenaHintBytes = Math.Max(256, batches.Length);
        int position = 0;
        while (RecordBatchView.TryReadSize(batches.Span[position..], out int size) && size <= batches.Length - position)
        {
            ReadOnlyMemory<byte> batch = batches.Slice(position, size);
            position += size;
            DecodeBatch(batch, abortedQueue);
            if (stopOffset >= 0 && NextOffset >= stopOffset)
            {
                break;
            }
        }

        if (position == 0 && batches.Length > 0)
        {
            throw new CorruptRecordException(
                $"{partition.Id.Topic}-{partition.Id.Partition}: the broker's answer at offset {_firstOffset} "
                + $"holds {batches.Length} bytes but no whole batch.");
        }

        Flush(NextOffset);
        return _chunks;
    }

    /// <summary>What <see cref="NextOffset"/> will be when these batches are decoded, by their headers alone.</summary>
    public static long EndOf(ReadOnlySpan<byte> batches, long fetchOffset, long stopOffset)
    {
        long next = fetchOffset;
        int position = 0;
        while (RecordBatchView.TryReadSize(batches[position..], out int size) && size <= batches.Length - position
            && (stopOffset < 0 || next < stopOffset))
        {
            next = Math.Max(next, new RecordBatchView(batches.Slice(position, size)).NextOffset);
            position += size;
        }

        return stopOffset >= 0 ? Math.Min(next, Math.Max(stopOffset, fetchOffset)) : next;
    }

    private void DecodeBatch(ReadOnlyMemory<byte> bytes, Queue<FetchResponse.AbortedTransaction> aborted)
    {
        var view = new RecordBatchView(bytes.Span);
        if (view.Magic != RecordBatchLayout.Magic)
        {
            throw new CorruptRecordException(
                $"{partition.Id.Topic}-{partition.Id.Partition}@{view.BaseOffset}: batch format {view.Magic} is not supported.");
        }

        if (options.CheckCrc && !view.IsChecksumValid)
        {
            throw new CorruptRecordException(
                $"{partition.Id.Topic}-{partition.Id.Partition}@{view.BaseOffset}: "
                + $"checksum {view.ComputeCrc():x8}, expected {view.Crc:x8}.");
        }

        if (view.NextOffset <= NextOffset)
        {
            return;
        }

        bool isSkipped = IsAborted(view, aborted) || view.IsControl;
        if (!isSkipped)
        {
            ReadRecords(bytes, view.RecordCount);
        }

        NextOffset = stopOffset >= 0 ? Math.Min(view.NextOffset, Math.Max(stopOffset, NextOffset)) : view.NextOffset;
    }

    private bool IsAborted(RecordBatchView view, Queue<FetchResponse.AbortedTransaction> aborted)
    {
        if (options.Isolation != IsolationLevel.ReadCommitted)
        {
            return false;
        }

        while (aborted.TryPeek(out FetchResponse.AbortedTransaction? first) && first.FirstOffset <= view.LastOffset)
        {
            _abortedProducers.Add(aborted.Dequeue().ProducerId);
        }

        if (view.IsControl)
        {
            // The marker ends the producer's transaction; what it writes after that is another one.
            _abortedProducers.Remove(view.ProducerId);
            return false;
        }

        return view.IsTransactional && _abortedProducers.Contains(view.ProducerId);
    }

    private void ReadRecords(ReadOnlyMemory<byte> bytes, int announced)
    {
        using var reader = RecordBatchReader.Open(bytes);
        while (reader.TryRead(out Record record))
        {
            if (record.Offset < NextOffset || (stopOffset >= 0 && record.Offset >= stopOffset))
            {
                continue;
            }

            if (_count == _records.Length)
            {
                if (_count >= ChunkRecords)
                {
                    Flush(record.Offset);
                }

                // The announced number is believed as far as a chunk goes.
                Array.Resize(ref _records, Math.Clamp(Math.Max(_records.Length * 2, _count + announced), 16, ChunkRecords));
            }

            int size = (record.Key?.Length ?? 0) + (record.Value?.Length ?? 0);
            RecordHeader[] headers = record.Headers;
            for (int i = 0; i < headers.Length; i++)
            {
                size += headers[i].Value?.Length ?? 0;
                headers[i] = new RecordHeader(headers[i].Key, Own(headers[i].Value));
            }

            _records[_count++] = new ConsumedRecord(
                partition.Id.Topic, partition.Id.Partition, record.Offset, record.TimestampMs, Own(record.Key), Own(record.Value), headers);
            _sizeBytes += size + 64;
        }
    }

    private ReadOnlyMemory<byte>? Own(ReadOnlyMemory<byte>? borrowed)
    {
        if (borrowed is not { } bytes)
        {
            return null;
        }

        if (bytes.Length == 0)
        {
            return ReadOnlyMemory<byte>.Empty;
        }

        if (bytes.Length > ArenaBytes / 4)
        {
            return bytes.ToArray();
        }

        if (_arena.Length - _arenaUsed < bytes.Length)
        {
            // The first array of a small answer is small.
            _arena = GC.AllocateUninitializedArray<byte>(Math.Max(bytes.Length, Math.Min(_arenaHintBytes, ArenaBytes)));
            _arenaHintBytes = ArenaBytes;
            _arenaUsed = 0;
        }

        bytes.Span.CopyTo(_arena.AsSpan(_arenaUsed));
        var owned = new ReadOnlyMemory<byte>(_arena, _arenaUsed, bytes.Length);
        _arenaUsed += bytes.Length;
        return owned;
    }

    private void Flush(long nextOffset)
    {
        if (_count > 0 || nextOffset > _firstOffset)
        {
            _chunks.Add(new FetchedChunk(partition, _records, _count, nextOffset, _sizeBytes));
            (_records, _count, _sizeBytes) = ([], 0, 0);
        }
    }
}
