using LogQueue.Records.Checksums;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Compaction;

/// <summary>
/// Compares a sealed segment with its seal before it is rewritten: a batch's own checksum does not cover its first 17 bytes, and a flipped
/// bit there must not get a new seal. Stateless.
/// </summary>
internal static class SealCheck
{
    /// <summary>Checks every block; a segment whose seal is lost passes. The caller holds a lease on the log file.</summary>
    /// <exception cref="CorruptLogException">A block is not as it was sealed.</exception>
    internal static void Verify(IStorageDevice device, LogSegment segment, CancellationToken cancellationToken)
    {
        if (SegmentSeal.TryLoad(device, segment.PathOf(SegmentFileName.Seal)) is not { } seal || seal.BaseOffset != segment.BaseOffset)
        {
            return;
        }

        if (seal.LogBytes != segment.SizeBytes)
        {
            throw new CorruptLogException(segment.Log.Path, segment.SizeBytes, $"{seal.LogBytes} bytes as sealed", "another length");
        }

        using PooledBuffer buffer = PooledBuffer.Rent(SegmentSeal.BlockBytes);
        for (int i = 0; i < seal.BlockChecksums.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long position = (long)i * SegmentSeal.BlockBytes;
            Span<byte> block = buffer.Span[..(int)Math.Min(SegmentSeal.BlockBytes, seal.LogBytes - position)];
            if (segment.Log.File.Read(position, block) != block.Length || Crc32C.Compute(block) != seal.BlockChecksums[i])
            {
                throw new CorruptLogException(segment.Log.Path, position, $"block {i} as it was sealed", "other bytes");
            }
        }
    }
}
