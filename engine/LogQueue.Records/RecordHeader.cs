namespace LogQueue.Records;

/// <summary>One header of a record. A key may occur more than once; order is kept.</summary>
/// <param name="Key">Name, never null.</param>
/// <param name="Value">Bytes, or null, which is not the same as empty.</param>
public readonly record struct RecordHeader(string Key, ReadOnlyMemory<byte>? Value);
