using System.Text;
using LogQueue.Records;

namespace LogQueue.Client;

/// <summary>
/// One record read. It owns its memory (neighbours of its batch share one array, so keeping a few records of many batches
/// keeps those arrays). Immutable.
/// </summary>
public sealed class ConsumedRecord
{
    private const byte HasKey = 1;
    private const byte HasValue = 2;

    // Flags instead of two nullable fields: a record is held for each one read ahead, and this way it is 16 bytes smaller.
    private readonly ReadOnlyMemory<byte> _key;
    private readonly ReadOnlyMemory<byte> _value;
    private readonly byte _flags;

    /// <summary>Makes a record; consumers do it, and tests of code that takes records.</summary>
    public ConsumedRecord(
        string topic,
        int partition,
        long offset,
        long timestampMs,
        ReadOnlyMemory<byte>? key,
        ReadOnlyMemory<byte>? value,
        RecordHeader[]? headers = null)
    {
        Topic = topic;
        Partition = partition;
        Offset = offset;
        TimestampMs = timestampMs;
        _key = key.GetValueOrDefault();
        _value = value.GetValueOrDefault();
        _flags = (byte)((key.HasValue ? HasKey : 0) | (value.HasValue ? HasValue : 0));
        Headers = headers ?? [];
    }

    /// <summary>The topic it was read from.</summary>
    public string Topic { get; }

    /// <summary>The partition it was read from.</summary>
    public int Partition { get; }

    /// <summary>Its number in the partition.</summary>
    public long Offset { get; }

    /// <summary>Its time, milliseconds since 1970 UTC; -1 when it has none.</summary>
    public long TimestampMs { get; }

    /// <summary>Its time, UTC.</summary>
    public DateTimeOffset Timestamp => DateTimeOffset.FromUnixTimeMilliseconds(TimestampMs);

    /// <summary>The key; null when it has none (empty is not null).</summary>
    public ReadOnlyMemory<byte>? Key => (_flags & HasKey) != 0 ? _key : default(ReadOnlyMemory<byte>?);

    /// <summary>The value; null marks a deletion (empty is not null).</summary>
    public ReadOnlyMemory<byte>? Value => (_flags & HasValue) != 0 ? _value : default(ReadOnlyMemory<byte>?);

    /// <summary>The headers, in order, duplicates kept; empty when there are none.</summary>
    public RecordHeader[] Headers { get; }

    /// <summary>The key as UTF-8 text.</summary>
    public string? KeyText => Key is { } key ? Encoding.UTF8.GetString(key.Span) : null;

    /// <summary>The value as UTF-8 text.</summary>
    public string? ValueText => Value is { } value ? Encoding.UTF8.GetString(value.Span) : null;

    /// <summary>Topic and partition.</summary>
    public TopicPartition TopicPartition => new(Topic, Partition);

    /// <inheritdoc/>
    public override string ToString() => $"{Topic}-{Partition}@{Offset}";
}
