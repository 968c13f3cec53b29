using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Wire;
using LogQueue.Wire.Memory;

namespace LogQueue.Engine.Partitions;

/// <summary>Turns the leased file slice of a read into a lease of pooled memory. Stateless.</summary>
internal static class BatchLeasing
{
    /// <summary>Copies and verifies the batches of a good read, and lets the file go.</summary>
    public static LeasedBatches Lease(in ReadResult read, long offset, TopicPartition partition)
    {
        using RecordSlice slice = read.Records;
        if (slice.IsEmpty)
        {
            return new LeasedBatches(null, offset, read);
        }

        PooledBuffer buffer = PooledBuffer.Rent(slice.LengthBytes);
        try
        {
            slice.CopyTo(buffer.Span);
            return new LeasedBatches(buffer, Verify(buffer.Span, partition), read);
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    private static long Verify(ReadOnlySpan<byte> batches, TopicPartition partition)
    {
        long next = -1;
        var walk = new RecordBatchEnumerator(batches);
        while (walk.MoveNext())
        {
            if (!walk.Current.IsChecksumValid)
            {
                throw new CorruptRecordException(
                    $"{partition}: the batch at offset {walk.Current.BaseOffset} has a wrong checksum: its bytes are damaged.");
            }

            next = walk.Current.NextOffset;
        }

        return walk.ConsumedBytes == batches.Length ? next
            : throw new CorruptRecordException($"{partition}: the batch after offset {next - 1} has no whole header.");
    }
}
