using System.Buffers.Binary;
using LogQueue.Storage.Files;

namespace LogQueue.Storage.Indexes;

/// <summary>
/// From times to offsets, in Kafka's format: entries of 12 bytes, big-endian: int64 largest timestamp so far in ms, int32 relative offset
/// of
/// the batch that has it (its last offset). Both rise from entry to entry. A cache of the log. Thread-safe.
/// </summary>
internal sealed class TimeIndex(IStorageDevice device, string path, long baseOffset, LeaseBudget files, LeaseBudget maps) : IDisposable
{
    internal const int EntryBytes = 12;

    private readonly IndexFile _file = new(device, path, EntryBytes, files, maps);
    private long _lastTimestamp = long.MinValue;

    public int Count => _file.Count;

    public long SizeBytes => (long)_file.Count * EntryBytes;

    /// <summary>Takes over the file when its entries rise and lie inside the segment; otherwise empties it and returns false.</summary>
    public bool TryLoad(long nextOffset)
    {
        if (_file.TryLoad() && IsSound(nextOffset))
        {
            _lastTimestamp = TryGetLast(out long timestamp, out _) ? timestamp : long.MinValue;
            return true;
        }

        Clear();
        return false;
    }

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        _file.TruncateTo(0);
        _lastTimestamp = long.MinValue;
    }

    /// <summary>Adds an entry when its timestamp is above the last one's.</summary>
    public void AppendIfLater(long maxTimestampMs, long offset)
    {
        if (maxTimestampMs <= _lastTimestamp)
        {
            return;
        }

        Span<byte> entry = stackalloc byte[EntryBytes];
        BinaryPrimitives.WriteInt64BigEndian(entry, maxTimestampMs);
        BinaryPrimitives.WriteInt32BigEndian(entry[8..], checked((int)(offset - baseOffset)));
        _file.Append(entry);
        _lastTimestamp = maxTimestampMs;
    }

    /// <summary>
    /// An offset up to which no record is as late as <paramref name="timestampMs"/>: scan from there; the base when none is known.
    /// </summary>
    public long FindOffsetBefore(long timestampMs)
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        if (PlantedBugs.IsOn(PlantedBug.TimeIndexOffByOne))
        {
            for (int i = 0; _file.TryGet(i, entry); i++)
            {
                if (TimestampKey.Read(entry) >= timestampMs)
                {
                    return baseOffset + BinaryPrimitives.ReadInt32BigEndian(entry[8..]);
                }
            }
        }

        return timestampMs > long.MinValue && _file.TryFindLast<TimestampKey>(timestampMs - 1, entry)
            ? baseOffset + BinaryPrimitives.ReadInt32BigEndian(entry[8..])
            : baseOffset;
    }

    /// <summary>The last entry: the largest indexed timestamp and its offset.</summary>
    public bool TryGetLast(out long timestampMs, out long offset)
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        if (!_file.TryGet(_file.Count - 1, entry))
        {
            timestampMs = -1;
            offset = -1;
            return false;
        }

        timestampMs = BinaryPrimitives.ReadInt64BigEndian(entry);
        offset = baseOffset + BinaryPrimitives.ReadInt32BigEndian(entry[8..]);
        return true;
    }

    /// <summary>Drops entries that point at or past an offset.</summary>
    public void TruncateToOffset(long offset)
    {
        int count = _file.Count;
        Span<byte> entry = stackalloc byte[EntryBytes];
        while (_file.TryGet(count - 1, entry) && baseOffset + BinaryPrimitives.ReadInt32BigEndian(entry[8..]) >= offset)
        {
            count--;
        }

        _file.TruncateTo(count);
        _lastTimestamp = TryGetLast(out long timestamp, out _) ? timestamp : long.MinValue;
    }

    public void Flush(bool sync) => _file.Flush(sync);

    public void Rest() => _file.Rest();

    /// <summary>Keeps what is mapped of the file mapped, whatever becomes of its name.</summary>
    public void Pin() => _file.Pin();

    /// <summary>Ends a <see cref="Pin"/>.</summary>
    public void Unpin() => _file.Unpin();

    public void Dispose() => _file.Dispose();

    private bool IsSound(long nextOffset)
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        long lastTimestamp = long.MinValue;
        int lastOffset = 0;
        for (int i = 0; _file.TryGet(i, entry); i++)
        {
            long timestamp = BinaryPrimitives.ReadInt64BigEndian(entry);
            int offset = BinaryPrimitives.ReadInt32BigEndian(entry[8..]);
            if (timestamp <= lastTimestamp || offset < lastOffset || baseOffset + offset >= nextOffset)
            {
                return false;
            }

            lastTimestamp = timestamp;
            lastOffset = offset;
        }

        return true;
    }

    private readonly struct TimestampKey : IIndexKey
    {
        public static long Read(ReadOnlySpan<byte> entry) => BinaryPrimitives.ReadInt64BigEndian(entry);
    }
}
