using LogQueue.Records;

namespace LogQueue.Engine.Partitions;

/// <summary>
/// A record to append. Its memory is read before the append returns its task, never after. C# turns an array that is null into empty
/// memory: for no key or no value write <c>null</c> itself.
/// </summary>
/// <param name="Key">The key; null for none (not allowed in compacted topics).</param>
/// <param name="Value">The value; null is a tombstone in compacted topics.</param>
public readonly record struct NewRecord(ReadOnlyMemory<byte>? Key, ReadOnlyMemory<byte>? Value)
{
    /// <summary>Its time in milliseconds since 1970; null for the engine's clock.</summary>
    public long? TimestampMs { get; init; }

    /// <summary>Its headers; null for none.</summary>
    public RecordHeader[]? Headers { get; init; }
}
