using LogQueue.Records;
using LogQueue.Storage.Segments;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Partitions;

/// <summary>
/// Finds the record with the largest timestamp in part of a segment: what the segment knows of itself covers records that were deleted or
/// that nobody may read yet. Stateless.
/// </summary>
internal static class LatestRecord
{
    /// <summary>The first record with the largest timestamp in [from, to); null when there is none. The caller holds a lease.</summary>
    internal static (long TimestampMs, long Offset)? Find(LogSegment segment, long from, long to)
    {
        (long TimestampMs, long Offset)? latest = null;
        long limit = segment.SizeBytes;
        for (long offset = Math.Max(from, segment.BaseOffset); offset < to;)
        {
            BatchLocation batch = SegmentReader.FindBatch(segment, offset, limit);
            if (batch.Outcome != BatchSearch.Found)
            {
                break;
            }

            if (batch.MaxTimestampMs > (latest?.TimestampMs ?? -1))
            {
                latest = FindIn(segment, batch, offset, to, latest);
            }

            offset = batch.LastOffset + 1;
        }

        return latest;
    }

    private static (long TimestampMs, long Offset)? FindIn(
        LogSegment segment, BatchLocation batch, long from, long to, (long TimestampMs, long Offset)? latest)
    {
        using PooledBuffer buffer = PooledBuffer.Rent(batch.SizeBytes);
        if (segment.Log.File.Read(batch.Position, buffer.Span) != batch.SizeBytes || !new RecordBatchView(buffer.Span).IsChecksumValid)
        {
            return latest; // a read of these offsets reports the damage
        }

        using RecordBatchReader reader = RecordBatchReader.Open(buffer.Memory);
        while (reader.TryRead(out Record record))
        {
            if (record.Offset >= from && record.Offset < to && record.TimestampMs > (latest?.TimestampMs ?? -1))
            {
                latest = (record.TimestampMs, record.Offset);
            }
        }

        return latest;
    }
}
