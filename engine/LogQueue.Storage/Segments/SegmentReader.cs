using System.Buffers.Binary;
using LogQueue.Records;
using LogQueue.Storage.Files;

namespace LogQueue.Storage.Segments;

/// <summary>Finds batches in a segment by walking headers from an indexed position with small reads. Stateless.</summary>
internal static class SegmentReader
{
    private const int WindowBytes = 2048;

    /// <summary>
    /// The batch that holds the offset, or the first one after it, walking from a batch boundary (the end of known damage) or the index.
    /// The caller holds a lease on the log file.
    /// </summary>
    internal static BatchLocation FindBatch(LogSegment segment, long offset, long limit, long from = 0) =>
        Walk(segment, Math.Max(from, segment.OffsetIndex.FindPosition(offset)), limit, offset, long.MinValue, long.MaxValue);

    /// <summary>The first batch from an offset on whose largest timestamp is at or after the given one.</summary>
    internal static BatchLocation FindByTimestamp(LogSegment segment, long timestampMs, long fromOffset, long limit, long from = 0) =>
        Walk(segment, Math.Max(from, FindWalkStart(segment, timestampMs, fromOffset)), limit, fromOffset, timestampMs, long.MaxValue);

    /// <summary>The position from which a search by time walks.</summary>
    internal static long FindWalkStart(LogSegment segment, long timestampMs, long fromOffset) =>
        segment.OffsetIndex.FindPosition(Math.Max(fromOffset, segment.TimeIndex.FindOffsetBefore(timestampMs)));

    /// <summary>The last batch that ends at or before <paramref name="mostEnd"/>, walking from a batch boundary.</summary>
    internal static BatchLocation FindLastEndingBy(LogSegment segment, long from, long mostEnd, long limit)
    {
        long start = Math.Max(from, segment.OffsetIndex.FindBatchAtOrBelow(mostEnd));
        BatchLocation last = Walk(segment, start, limit, long.MinValue, long.MinValue, mostEnd);
        while (last.Outcome == BatchSearch.PastEnd && start > from)
        {
            // The indexed batch itself ends too late, as most do where batches are larger than the index interval: one entry back.
            start = Math.Max(from, segment.OffsetIndex.FindBatchAtOrBelow(start - 1));
            last = Walk(segment, start, limit, long.MinValue, long.MinValue, mostEnd);
        }

        return last;
    }

    /// <summary>Indexes the batches before a position by their headers alone; false when they do not lead there. Under a lease.</summary>
    internal static bool IndexHeaders(LogSegment segment, long end, int indexIntervalBytes, bool allowGaps = true)
    {
        Span<byte> window = stackalloc byte[WindowBytes];
        IStorageFile file = segment.Log.File;
        long windowStart = 0;
        int windowBytes = 0;
        long expected = segment.BaseOffset;
        long position = 0;
        while (position < end)
        {
            if (position + RecordBatchLayout.HeaderBytes > windowStart + windowBytes)
            {
                windowStart = position;
                windowBytes = file.Read(position, window[..(int)Math.Min(WindowBytes, end - position)]);
            }

            ReadOnlySpan<byte> header = window[(int)(position - windowStart)..windowBytes];
            if (!TryReadHeader(header, position, end, expected, out BatchLocation batch) || (!allowGaps && batch.BaseOffset != expected))
            {
                return false;
            }

            segment.Index(new RecordBatchView(header), position, indexIntervalBytes);
            segment.Publish(batch.LastOffset + 1, batch.End);
            expected = batch.LastOffset + 1;
            position = batch.End;
        }

        return position == end;
    }

    private static BatchLocation Walk(LogSegment segment, long position, long limit, long minLastOffset, long minTimestamp, long mostEnd)
    {
        Span<byte> window = stackalloc byte[WindowBytes];
        long windowStart = 0;
        int windowBytes = 0;
        long expected = segment.BaseOffset;
        bool lastEnding = mostEnd != long.MaxValue;
        BatchLocation previous = new(BatchSearch.PastEnd, position, 0, -1, -1, -1);
        while (position < limit)
        {
            if (position + RecordBatchLayout.HeaderBytes > windowStart + windowBytes || position < windowStart)
            {
                windowStart = position;
                windowBytes = segment.Read(position, window[..(int)Math.Min(WindowBytes, limit - position)]);
            }

            ReadOnlySpan<byte> header = window[(int)(position - windowStart)..windowBytes];
            if (!TryReadHeader(header, position, limit, expected, out BatchLocation batch))
            {
                return batch;
            }

            if (lastEnding)
            {
                if (batch.End > mostEnd)
                {
                    return previous;
                }
            }
            else if (batch.LastOffset >= minLastOffset && batch.MaxTimestampMs >= minTimestamp)
            {
                return batch;
            }

            previous = batch;
            expected = batch.LastOffset + 1;
            position = batch.End;
        }

        return lastEnding ? previous : new BatchLocation(BatchSearch.PastEnd, limit, 0, -1, -1, -1);
    }

    private static bool TryReadHeader(ReadOnlySpan<byte> header, long position, long limit, long expectedOffset, out BatchLocation batch)
    {
        batch = new BatchLocation(BatchSearch.Corrupt, position, 0, -1, -1, -1);
        if (header.Length < RecordBatchLayout.HeaderBytes)
        {
            return false;
        }

        long baseOffset = BinaryPrimitives.ReadInt64BigEndian(header);
        long size = (long)BinaryPrimitives.ReadInt32BigEndian(header[RecordBatchLayout.BatchLengthPosition..])
            + RecordBatchLayout.LogOverheadBytes;
        int lastDelta = BinaryPrimitives.ReadInt32BigEndian(header[RecordBatchLayout.LastOffsetDeltaPosition..]);
        if (header[RecordBatchLayout.MagicPosition] != 2 || size < RecordBatchLayout.HeaderBytes || position + size > limit
            || baseOffset < expectedOffset || lastDelta < 0 || baseOffset - expectedOffset > int.MaxValue - lastDelta)
        {
            return false;
        }

        long maxTimestamp = BinaryPrimitives.ReadInt64BigEndian(header[RecordBatchLayout.MaxTimestampPosition..]);
        batch = new BatchLocation(BatchSearch.Found, position, (int)size, baseOffset, baseOffset + lastDelta, maxTimestamp);
        return true;
    }
}
