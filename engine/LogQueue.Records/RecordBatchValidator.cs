namespace LogQueue.Records;

/// <summary>
/// Checks a batch before it is trusted. Outcomes are values, so that a hostile producer costs no exceptions.
/// Pure functions; thread-safe.
/// </summary>
public static class RecordBatchValidator
{
    private const int KnownCodecs = 5;

    /// <summary>Size, magic, length, counts and checksum of exactly one batch.</summary>
    /// <param name="batch">The bytes, all of them.</param>
    /// <param name="maxBatchBytes">Largest size accepted.</param>
    public static BatchVerdict ValidateHeaderAndChecksum(ReadOnlySpan<byte> batch, int maxBatchBytes)
    {
        if (batch.Length < RecordBatchLayout.HeaderBytes)
        {
            return BatchVerdict.Truncated;
        }

        if (batch[RecordBatchLayout.MagicPosition] != (byte)RecordBatchLayout.Magic)
        {
            return BatchVerdict.BadMagic;
        }

        if (!RecordBatchView.TryReadSize(batch, out int size))
        {
            return BatchVerdict.BadLength;
        }

        if (size != batch.Length)
        {
            return size > batch.Length ? BatchVerdict.Truncated : BatchVerdict.BadLength;
        }

        if (size > maxBatchBytes)
        {
            return BatchVerdict.TooLarge;
        }

        var view = new RecordBatchView(batch);
        if (!view.IsChecksumValid)
        {
            return BatchVerdict.BadChecksum;
        }

        if (view.LastOffsetDelta < 0 || view.RecordCount < 0 || view.RecordCount > (long)view.LastOffsetDelta + 1)
        {
            return BatchVerdict.BadRecordCount;
        }

        return (int)view.Compression >= KnownCodecs ? BatchVerdict.UnknownCompression : BatchVerdict.Valid;
    }

    /// <summary>
    /// As <see cref="ValidateHeaderAndChecksum"/>, and what a producer must and must not write (Kafka protocol, Produce).
    /// </summary>
    public static BatchVerdict ValidateFromProducer(ReadOnlySpan<byte> batch, int maxBatchBytes)
    {
        BatchVerdict verdict = ValidateHeaderAndChecksum(batch, maxBatchBytes);
        if (verdict != BatchVerdict.Valid)
        {
            return verdict;
        }

        var view = new RecordBatchView(batch);
        if (view.BaseOffset != 0)
        {
            return BatchVerdict.BadOffsets;
        }

        if (view.RecordCount == 0 || view.RecordCount != view.LastOffsetDelta + 1)
        {
            return BatchVerdict.BadRecordCount;
        }

        if (view.IsControl)
        {
            return BatchVerdict.ControlFromClient;
        }

        if (view.TimestampType == TimestampType.LogAppendTime || view.HasDeleteHorizon)
        {
            return BatchVerdict.BadTimestamp;
        }

        bool hasProducer = view.ProducerId >= 0;
        bool sequenced = view.BaseSequence >= 0 && view.ProducerEpoch >= 0;
        return hasProducer != sequenced || (view.IsTransactional && !hasProducer) ? BatchVerdict.BadSequence : BatchVerdict.Valid;
    }

    /// <summary>Opens the batch and walks its records: counts, offsets, lengths, and keys where they are required.</summary>
    /// <param name="batch">A batch whose header and checksum are valid.</param>
    /// <param name="limits">Bounds of the decompression.</param>
    /// <param name="requireKeys">True for compacted topics.</param>
    /// <param name="defect">The first fault, when the verdict is not <see cref="BatchVerdict.Valid"/>.</param>
    public static BatchVerdict ValidateRecords(ReadOnlyMemory<byte> batch, RecordDecodeLimits limits, bool requireKeys,
        out RecordDefect defect)
    {
        defect = default;
        int index = 0;
        try
        {
            using RecordBatchReader reader = RecordBatchReader.Open(batch, limits);
            long baseOffset = new RecordBatchView(batch.Span).BaseOffset;
            for (; reader.TryRead(out Record record); index++)
            {
                if (record.Offset != baseOffset + index)
                {
                    defect = new RecordDefect(index, $"offset delta {record.Offset - baseOffset}, expected {index}");
                    return BatchVerdict.BadOffsets;
                }

                if (requireKeys && record.Key is null)
                {
                    defect = new RecordDefect(index, "a record without key in a compacted topic");
                    return BatchVerdict.BadRecords;
                }
            }

            return BatchVerdict.Valid;
        }
        catch (CorruptRecordException e)
        {
            defect = new RecordDefect(index, e.Message);
            return BatchVerdict.BadRecords;
        }
    }
}
