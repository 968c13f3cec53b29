using LogQueue.Records;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Partitions;

/// <summary>The checks of an append that need no lock. Stateless.</summary>
internal static class BatchRules
{
    /// <summary>Checks all batches; null when they may be appended.</summary>
    internal static AppendResult? Check(ReadOnlySpan<byte> batches, AppendOrigin origin, LogOptions options, long nowMs,
        long logStartOffset)
    {
        if (batches.IsEmpty)
        {
            return AppendResult.Refused(AppendStatus.InvalidRecord, logStartOffset, "There is no batch to append.");
        }

        int count = 0;
        for (int position = 0; position < batches.Length; count++)
        {
            ReadOnlySpan<byte> rest = batches[position..];
            if (rest.Length < RecordBatchLayout.HeaderBytes || !RecordBatchView.TryReadSize(rest, out int size) || size > rest.Length)
            {
                return AppendResult.Refused(AppendStatus.CorruptBatch, logStartOffset,
                    $"The bytes at {position} are no whole record batch.");
            }

            if (CheckOne(rest[..size], origin, options, nowMs, logStartOffset) is { } refused)
            {
                return refused;
            }

            position += size;
        }

        bool isSequenced = new RecordBatchView(batches).ProducerId >= 0;
        return count > 1 && isSequenced && origin == AppendOrigin.Client
            ? AppendResult.Refused(AppendStatus.InvalidRecord, logStartOffset, "An idempotent producer appends one batch at a time.")
            : null;
    }

    private static AppendResult? CheckOne(ReadOnlySpan<byte> batch, AppendOrigin origin, LogOptions options, long nowMs,
        long logStartOffset)
    {
        BatchVerdict verdict = origin == AppendOrigin.Client
            ? RecordBatchValidator.ValidateFromProducer(batch, options.MaxMessageBytes)
            : RecordBatchValidator.ValidateHeaderAndChecksum(batch, int.MaxValue);
        if (verdict != BatchVerdict.Valid)
        {
            return AppendResult.Refused(StatusOf(verdict), logStartOffset, $"The record batch is refused: {verdict}.");
        }

        if (origin == AppendOrigin.Internal)
        {
            return null;
        }

        var view = new RecordBatchView(batch);
        if (options.TimestampType == TimestampType.CreateTime && view.MaxTimestamp >= 0)
        {
            bool isTooNew = options.TimestampAfterMaxMs < long.MaxValue - nowMs && view.MaxTimestamp > nowMs + options.TimestampAfterMaxMs;
            bool isTooOld = options.TimestampBeforeMaxMs < nowMs && view.BaseTimestamp < nowMs - options.TimestampBeforeMaxMs;
            if (isTooNew || isTooOld)
            {
                return AppendResult.Refused(AppendStatus.InvalidTimestamp, logStartOffset,
                    $"Timestamps {view.BaseTimestamp} to {view.MaxTimestamp} are outside what the topic accepts around {nowMs}.");
            }
        }

        return options.Compacted ? CheckKeys(batch, options, logStartOffset) : null;
    }

    private static AppendResult? CheckKeys(ReadOnlySpan<byte> batch, LogOptions options, long logStartOffset)
    {
        using PooledBuffer copy = PooledBuffer.Rent(batch.Length);
        batch.CopyTo(copy.Span);
        var limits = new RecordDecodeLimits { MaxDecompressedBytes = options.MaxDecompressedBytes };
        BatchVerdict verdict = RecordBatchValidator.ValidateRecords(copy.Memory, limits, requireKeys: true, out RecordDefect defect);
        return verdict == BatchVerdict.Valid
            ? null
            : AppendResult.Refused(AppendStatus.InvalidRecord, logStartOffset, $"Record {defect.RecordIndex} of the batch: {defect.What}.");
    }

    private static AppendStatus StatusOf(BatchVerdict verdict) => verdict switch
    {
        BatchVerdict.TooLarge => AppendStatus.TooLarge,
        BatchVerdict.UnknownCompression => AppendStatus.UnsupportedCompression,
        BatchVerdict.BadTimestamp => AppendStatus.InvalidTimestamp,
        BatchVerdict.BadRecordCount or BatchVerdict.BadOffsets or BatchVerdict.BadSequence or BatchVerdict.ControlFromClient
            or BatchVerdict.BadRecords => AppendStatus.InvalidRecord,
        _ => AppendStatus.CorruptBatch,
    };
}
