using LogQueue.Records;

namespace LogQueue.Client;

/// <summary>
/// One record to send. Key and value are copied by <see cref="Producer.SendAsync"/> before it returns its ValueTask. Mind that C# turns a
/// null
/// byte[] into empty memory, not into null: write <c>null</c> itself.
/// </summary>
/// <param name="Topic">The topic; created by the broker on first use where that is allowed.</param>
/// <param name="Key">What keeps records together: equal keys share a partition. Null: any partition.</param>
/// <param name="Value">The payload; null marks a deletion in a compacted topic.</param>
public readonly record struct OutgoingRecord(string Topic, ReadOnlyMemory<byte>? Key, ReadOnlyMemory<byte>? Value)
{
    /// <summary>The partition; null lets the partitioner choose (murmur2 of the key, as Kafka's clients do; sticky without key).</summary>
    public int? Partition { get; init; }

    /// <summary>The record's time; null means now.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>Named values beside the payload; order and duplicates are kept.</summary>
    public IReadOnlyList<RecordHeader>? Headers { get; init; }
}
