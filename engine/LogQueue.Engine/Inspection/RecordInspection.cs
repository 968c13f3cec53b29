using LogQueue.Records;

namespace LogQueue.Engine.Inspection;

/// <summary>One record as it lies in a batch.</summary>
/// <param name="Batch">Its batch.</param>
/// <param name="Record">The record; its memory is valid until the next step of the walk.</param>
public readonly record struct RecordInspection(BatchInspection Batch, Record Record);
