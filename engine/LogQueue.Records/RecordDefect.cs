namespace LogQueue.Records;

/// <summary>Where in a batch a deep validation found a fault.</summary>
/// <param name="RecordIndex">Zero-based index of the record, -1 when no single record is at fault.</param>
/// <param name="What">What is wrong, in words.</param>
public readonly record struct RecordDefect(int RecordIndex, string What);
