using LogQueue.Records;

namespace LogQueue.Engine.Inspection;

/// <summary>What one codec did in a partition.</summary>
/// <param name="Compression">The codec.</param>
/// <param name="BatchCount">Its batches.</param>
/// <param name="RecordCount">Their records.</param>
/// <param name="StoredBytes">Their size on disk, headers included.</param>
/// <param name="PlainBytes">Their size if they were not compressed, headers included.</param>
public readonly record struct CodecStatistics(
    CompressionType Compression, long BatchCount, long RecordCount, long StoredBytes, long PlainBytes)
{
    /// <summary>Plain bytes for each stored byte; 1 where nothing is stored.</summary>
    public double Ratio => StoredBytes == 0 ? 1 : (double)PlainBytes / StoredBytes;
}
