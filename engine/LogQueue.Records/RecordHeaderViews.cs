using LogQueue.Wire;

namespace LogQueue.Records;

/// <summary>The headers of one record where they lie, for <c>foreach</c>; checked when the record was read. Not thread-safe.</summary>
public ref struct RecordHeaderViews
{
    private readonly ReadOnlySpan<byte> _bytes;
    private int _position;
    private int _left;

    internal RecordHeaderViews(ReadOnlySpan<byte> bytes, int count)
    {
        _bytes = bytes;
        _left = count;
        Count = count;
    }

    /// <summary>How many there are.</summary>
    public int Count { get; }

    /// <summary>The current header.</summary>
    public RecordHeaderView Current { get; private set; }

    /// <summary>Starts before the first header.</summary>
    public readonly RecordHeaderViews GetEnumerator() => new(_bytes, Count);

    /// <summary>Goes to the next header; false after the last.</summary>
    public bool MoveNext()
    {
        if (_left == 0)
        {
            return false;
        }

        _left--;
        ReadOnlySpan<byte> key = Next(out _);
        ReadOnlySpan<byte> value = Next(out bool hasValue);
        Current = new RecordHeaderView(key, value, hasValue);
        return true;
    }

    /// <summary>Copies them into memory of their own; empty when there are none.</summary>
    public readonly RecordHeader[] ToArray()
    {
        if (Count == 0)
        {
            return [];
        }

        var headers = new RecordHeader[Count];
        int i = 0;
        foreach (RecordHeaderView header in this)
        {
            headers[i++] = header.ToHeader();
        }

        return headers;
    }

    private ReadOnlySpan<byte> Next(out bool isPresent)
    {
        // The record's reader has walked these lengths before: they are good.
        _ = Varint.TryReadZigZag32(_bytes[_position..], out int length, out int read);
        _position += read;
        isPresent = length >= 0;
        if (length <= 0)
        {
            return default;
        }

        ReadOnlySpan<byte> bytes = _bytes.Slice(_position, length);
        _position += length;
        return bytes;
    }
}
