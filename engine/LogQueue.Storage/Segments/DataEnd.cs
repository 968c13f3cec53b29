using LogQueue.Storage.Files;
using LogQueue.Wire.Memory;

namespace LogQueue.Storage.Segments;

/// <summary>Where the bytes of a preallocated file end: all that follows is zero. Stateless.</summary>
internal static class DataEnd
{
    private const int ChunkBytes = 64 << 10;

    /// <summary>The position after the last byte that is not zero in a range; its start when all are.</summary>
    internal static long Find(IStorageFile file, long from, long to)
    {
        using PooledBuffer chunk = PooledBuffer.Rent(ChunkBytes);
        long last = from;
        for (long at = from; at < to; at += ChunkBytes)
        {
            ReadOnlySpan<byte> bytes = chunk.Span[..file.Read(at, chunk.Span[..(int)Math.Min(ChunkBytes, to - at)])];
            int found = bytes.LastIndexOfAnyExcept((byte)0);
            last = found < 0 ? last : at + found + 1;
        }

        return last;
    }
}
