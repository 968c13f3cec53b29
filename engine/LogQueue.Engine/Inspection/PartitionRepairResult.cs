namespace LogQueue.Engine.Inspection;

/// <summary>What a repair found in one partition, and what it did.</summary>
/// <param name="Name">Name of its directory.</param>
/// <param name="Lost">What is lost; empty when the partition is whole.</param>
/// <param name="IsRepaired">True when the loss was made permanent and the partition takes appends again.</param>
/// <param name="Kept">Where the damaged bytes were copied to, relative to the data directory.</param>
/// <param name="LogStartOffset">Its first offset.</param>
/// <param name="LogEndOffset">The offset of its next record.</param>
public sealed record PartitionRepairResult(
    string Name, IReadOnlyList<LostRange> Lost, bool IsRepaired, IReadOnlyList<string> Kept, long LogStartOffset, long LogEndOffset);
