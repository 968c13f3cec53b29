namespace LogQueue.Storage;

/// <summary>An aborted transaction that overlaps a read range.</summary>
/// <param name="ProducerId">Its producer.</param>
/// <param name="FirstOffset">The offset of its first record in this partition.</param>
public readonly record struct AbortedTransaction(long ProducerId, long FirstOffset);
