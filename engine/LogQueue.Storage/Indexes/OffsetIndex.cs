using System.Buffers.Binary;
using LogQueue.Storage.Files;

namespace LogQueue.Storage.Indexes;

/// <summary>
/// From offsets to file positions, in Kafka's format: entries of 8 bytes, big-endian: int32 offset relative to the segment's base (the last
/// offset of a batch), int32 position of that batch. Sparse: one entry every <c>index.interval.bytes</c>. A cache of the log. Thread-safe.
/// </summary>
internal sealed class OffsetIndex(IStorageDevice device, string path, long baseOffset, LeaseBudget files, LeaseBudget maps) : IDisposable
{
    internal const int EntryBytes = 8;

    private readonly IndexFile _file = new(device, path, EntryBytes, files, maps);

    public int Count => _file.Count;

    public long SizeBytes => (long)_file.Count * EntryBytes;

    /// <summary>Takes over the file when it can be a right index of a log of this size; otherwise empties it and returns false.</summary>
    public bool TryLoad(long logBytes)
    {
        if (_file.TryLoad() && IsSound(logBytes))
        {
            return true;
        }

        Clear();
        return false;
    }

    /// <summary>Empties it.</summary>
    public void Clear() => _file.TruncateTo(0);

    /// <summary>Adds the batch at <paramref name="position"/> whose last offset is given. Offsets and positions only rise.</summary>
    public void Append(long lastOffset, int position)
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        BinaryPrimitives.WriteInt32BigEndian(entry, checked((int)(lastOffset - baseOffset)));
        BinaryPrimitives.WriteInt32BigEndian(entry[4..], position);
        _file.Append(entry);
    }

    /// <summary>The position from where a scan meets the batch that holds the offset.</summary>
    public int FindPosition(long offset)
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        if (PlantedBugs.IsOn(PlantedBug.IndexOneEntryTooFar))
        {
            for (int i = 0; _file.TryGet(i, entry); i++)
            {
                if (OffsetKey.Read(entry) > offset - baseOffset)
                {
                    return BinaryPrimitives.ReadInt32BigEndian(entry[4..]);
                }
            }
        }

        return _file.TryFindLast<OffsetKey>(offset - baseOffset, entry) ? BinaryPrimitives.ReadInt32BigEndian(entry[4..]) : 0;
    }

    /// <summary>The last indexed batch position at or below <paramref name="position"/>.</summary>
    public int FindBatchAtOrBelow(long position)
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        return _file.TryFindLast<PositionKey>(position, entry) ? BinaryPrimitives.ReadInt32BigEndian(entry[4..]) : 0;
    }

    /// <summary>The last offset of the last indexed batch at or below a position; the base offset when there is none.</summary>
    public long FindOffsetAtOrBelow(long position)
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        return _file.TryFindLast<PositionKey>(position, entry) ? baseOffset + BinaryPrimitives.ReadInt32BigEndian(entry) : baseOffset;
    }

    /// <summary>Drops the entries of batches at or after a position.</summary>
    public void TruncateToPosition(long position)
    {
        int count = _file.Count;
        Span<byte> entry = stackalloc byte[EntryBytes];
        while (_file.TryGet(count - 1, entry) && BinaryPrimitives.ReadInt32BigEndian(entry[4..]) >= position)
        {
            count--;
        }

        _file.TruncateTo(count);
    }

    public void Flush(bool sync) => _file.Flush(sync);

    public void Rest() => _file.Rest();

    /// <summary>Keeps what is mapped of the file mapped, whatever becomes of its name.</summary>
    public void Pin() => _file.Pin();

    /// <summary>Ends a <see cref="Pin"/>.</summary>
    public void Unpin() => _file.Unpin();

    public void Dispose() => _file.Dispose();

    private bool IsSound(long logBytes)
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        int lastOffset = -1;
        int lastPosition = 0;
        for (int i = 0; _file.TryGet(i, entry); i++)
        {
            int offset = BinaryPrimitives.ReadInt32BigEndian(entry);
            int position = BinaryPrimitives.ReadInt32BigEndian(entry[4..]);
            if (offset <= lastOffset || position <= lastPosition || position >= logBytes)
            {
                return false;
            }

            lastOffset = offset;
            lastPosition = position;
        }

        return true;
    }

    private readonly struct OffsetKey : IIndexKey
    {
        public static long Read(ReadOnlySpan<byte> entry) => BinaryPrimitives.ReadInt32BigEndian(entry);
    }

    private readonly struct PositionKey : IIndexKey
    {
        public static long Read(ReadOnlySpan<byte> entry) => BinaryPrimitives.ReadInt32BigEndian(entry[4..]);
    }
}
