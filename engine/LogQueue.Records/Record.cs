namespace LogQueue.Records;

/// <summary>One decoded record. Its memory is the reader's: valid as long as the <see cref="RecordBatchReader"/> is not disposed.</summary>
public readonly struct Record
{
    /// <summary>Creates a record.</summary>
    public Record(long offset, long timestampMs, ReadOnlyMemory<byte>? key, ReadOnlyMemory<byte>? value, RecordHeader[]? headers = null)
    {
        Offset = offset;
        TimestampMs = timestampMs;
        Key = key;
        Value = value;
        Headers = headers ?? [];
    }

    /// <summary>Record number in its partition.</summary>
    public long Offset { get; }

    /// <summary>Milliseconds since 1970 UTC; -1 when the producer gave none.</summary>
    public long TimestampMs { get; }

    /// <summary>Key, or null.</summary>
    public ReadOnlyMemory<byte>? Key { get; }

    /// <summary>Value, or null: a tombstone in a compacted topic.</summary>
    public ReadOnlyMemory<byte>? Value { get; }

    /// <summary>Headers in the order they were written; empty when there are none.</summary>
    public RecordHeader[] Headers { get; }
}
