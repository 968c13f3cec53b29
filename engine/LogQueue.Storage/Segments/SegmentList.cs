namespace LogQueue.Storage.Segments;

/// <summary>The segments of a log by base offset, oldest first; the last one is active. Readers take a snapshot without a lock;
/// one writer (the log's append lock) replaces it.</summary>
internal sealed class SegmentList
{
    private LogSegment[] _segments = [];

    /// <summary>An immutable snapshot.</summary>
    public ReadOnlySpan<LogSegment> Snapshot => Volatile.Read(ref _segments);

    public LogSegment Active => Volatile.Read(ref _segments)[^1];

    public int Count => Volatile.Read(ref _segments).Length;

    public void Add(LogSegment segment) => Volatile.Write(ref _segments, [.. _segments, segment]);

    /// <summary>Puts one segment in place of some neighbours; false, and no change, when they are not in the list (any more).</summary>
    public bool TryReplace(ReadOnlySpan<LogSegment> old, LogSegment replacement)
    {
        int at = IndexOf(old);
        if (at < 0)
        {
            return false;
        }

        Volatile.Write(ref _segments, [.. _segments[..at], replacement, .. _segments[(at + old.Length)..]]);
        return true;
    }

    /// <summary>The slot of the first of some neighbours; -1 when they are not in the list, or no neighbours (any more).</summary>
    public int IndexOf(ReadOnlySpan<LogSegment> neighbours)
    {
        int at = Array.IndexOf(_segments, neighbours[0]);
        return at >= 0 && _segments.AsSpan(at).StartsWith(neighbours) ? at : -1;
    }

    /// <summary>Drops the first segments from the list and returns them.</summary>
    public LogSegment[] TakeFirst(int count)
    {
        LogSegment[] taken = _segments[..count];
        Volatile.Write(ref _segments, _segments[count..]);
        return taken;
    }

    /// <summary>Drops the segments after the first <paramref name="keep"/> and returns them.</summary>
    public LogSegment[] TakeFrom(int keep)
    {
        LogSegment[] taken = _segments[keep..];
        Volatile.Write(ref _segments, _segments[..keep]);
        return taken;
    }

    /// <summary>The slot of the last segment that starts at or below the offset; -1 when the offset is below all.</summary>
    public static int Find(ReadOnlySpan<LogSegment> segments, long offset)
    {
        int low = 0;
        int high = segments.Length - 1;
        int found = -1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (segments[middle].BaseOffset <= offset)
            {
                found = middle;
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return found;
    }
}
