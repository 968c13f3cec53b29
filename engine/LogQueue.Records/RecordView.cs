namespace LogQueue.Records;

/// <summary>
/// One record where it lies: nothing is copied and nothing is allocated, headers included. Valid until its reader goes on or is disposed;
/// <see cref="ToRecord"/> makes a copy that lives on its own.
/// </summary>
public readonly ref struct RecordView
{
    private readonly bool _hasKey;
    private readonly bool _hasValue;

    internal RecordView(
        long offset, long timestampMs, ReadOnlySpan<byte> key, bool hasKey, ReadOnlySpan<byte> value, bool hasValue,
        RecordHeaderViews headers)
    {
        Offset = offset;
        TimestampMs = timestampMs;
        Key = key;
        _hasKey = hasKey;
        Value = value;
        _hasValue = hasValue;
        Headers = headers;
    }

    /// <summary>Record number in its partition.</summary>
    public long Offset { get; }

    /// <summary>Milliseconds since 1970 UTC; -1 when the producer gave none.</summary>
    public long TimestampMs { get; }

    /// <summary><see cref="TimestampMs"/> as a time.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The producer wrote a time that the calendar does not have.</exception>
    public DateTimeOffset Timestamp => DateTimeOffset.FromUnixTimeMilliseconds(TimestampMs);

    /// <summary>The key; empty when there is none (<see cref="IsKeyNull"/>).</summary>
    public ReadOnlySpan<byte> Key { get; }

    /// <summary>True when the record has no key, which is not the same as an empty one.</summary>
    public bool IsKeyNull => !_hasKey;

    /// <summary>The value; empty when there is none (<see cref="IsValueNull"/>).</summary>
    public ReadOnlySpan<byte> Value { get; }

    /// <summary>True when the record has no value: a tombstone in a compacted topic.</summary>
    public bool IsValueNull => !_hasValue;

    /// <summary>The headers, in the order they were written.</summary>
    public RecordHeaderViews Headers { get; }

    /// <summary>Copies the record into memory of its own: one array for key and value, and the headers.</summary>
    public Record ToRecord()
    {
        byte[] memory = Key.Length + Value.Length == 0 ? [] : new byte[Key.Length + Value.Length];
        Key.CopyTo(memory);
        Value.CopyTo(memory.AsSpan(Key.Length));

        // Not "? memory : null": C# would make the null an empty memory of it.
        ReadOnlyMemory<byte>? key = _hasKey ? memory.AsMemory(0, Key.Length) : default(ReadOnlyMemory<byte>?);
        ReadOnlyMemory<byte>? value = _hasValue ? memory.AsMemory(Key.Length) : default(ReadOnlyMemory<byte>?);
        return new Record(Offset, TimestampMs, key, value, Headers.ToArray());
    }
}
