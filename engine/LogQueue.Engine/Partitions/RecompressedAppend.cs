using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Partitions;
using LogQueue.Wire.Memory;

namespace LogQueue.Engine.Partitions;

/// <summary>
/// Appends ready batches to a topic whose <c>compression.type</c> names another codec than theirs. What is wrong with them is refused as
/// without it. Stateless.
/// </summary>
internal static class RecompressedAppend
{
    public static AppendResult Run(PartitionLog log, Memory<byte> batches, CompressionType codec, TopicConfig config)
    {
        var walk = new RecordBatchEnumerator(batches.Span);
        while (walk.MoveNext())
        {
            if (RecordBatchValidator.ValidateFromProducer(walk.Current.Bytes, config.MaxMessageBytes) != BatchVerdict.Valid)
            {
                return log.Append(batches.Span, AppendOrigin.Client); // refuses it, and says why
            }
        }

        if (walk.ConsumedBytes != batches.Length)
        {
            return log.Append(batches.Span, AppendOrigin.Client);
        }

        using var output = new PooledBufferWriter(batches.Length);
        try
        {
            RecordBatchRecompressor.Write(batches.Span, codec, config.EngineCompressionLevel, log.Options.MaxDecompressedBytes, output);
        }
        catch (CorruptRecordException e)
        {
            return AppendResult.Refused(AppendStatus.CorruptBatch, log.LogStartOffset, $"The record batch is refused: {e.Message}");
        }

        return log.Append(output.WrittenSpanMutable, AppendOrigin.Client);
    }
}
