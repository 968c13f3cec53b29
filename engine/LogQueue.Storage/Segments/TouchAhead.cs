using LogQueue.Storage.Files;

namespace LogQueue.Storage.Segments;

/// <summary>
/// Writes zeros into the preallocated blocks ahead of the appends, in large aligned pieces. An append then overwrites pages that are in the
/// cache already, which costs the kernel half of what fresh ones cost; and a sync finds written blocks, so that it need not convert any.
/// What lies past the published end is zeros with or without it, so recovery sees no difference. Stateless.
/// </summary>
internal static class TouchAhead
{
    /// <summary>Larger appends get large pages by themselves.</summary>
    internal const int MostAppendBytes = 192 << 10;

    /// <summary>A segment below this is one of many, and its rest would be zeros for nothing.</summary>
    internal const long LeastSegmentBytes = 64 << 10;

    /// <summary>Zeros at a time.</summary>
    internal const int MostWindowBytes = 256 << 10;

    private static readonly byte[] Zeros = new byte[MostWindowBytes];

    /// <summary>
    /// Touches the blocks of an append, and of those that follow it, from where nothing was written yet. Returns the new end of what was
    /// touched. Throws <see cref="StorageException"/>.
    /// </summary>
    /// <param name="file">The log file.</param>
    /// <param name="from">The first byte that was never written.</param>
    /// <param name="appendEnd">Where the append will end.</param>
    /// <param name="allocatedEnd">Where the preallocated blocks end.</param>
    /// <param name="appendBytes">Size of the append.</param>
    public static long Run(IStorageFile file, long from, long appendEnd, long allocatedEnd, int appendBytes)
    {
        long window = WindowFor(from);
        if (appendBytes > MostAppendBytes || from < LeastSegmentBytes)
        {
            return appendEnd;
        }

        long to = Math.Min(allocatedEnd, (appendEnd + window - 1) / window * window);
        while (from < to)
        {
            int bytes = (int)Math.Min(Zeros.Length - from % Zeros.Length, to - from);
            file.Write(from, Zeros.AsSpan(0, bytes));
            from += bytes;
        }

        return Math.Max(from, appendEnd);
    }

    /// <summary>Half of what the segment has, as a power of two, so that a small log does not write more zeros than data.</summary>
    private static long WindowFor(long segmentBytes) =>
        Math.Min(MostWindowBytes, (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)Math.Max(1, segmentBytes / 4)));
}
