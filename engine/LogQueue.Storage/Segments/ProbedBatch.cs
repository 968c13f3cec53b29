namespace LogQueue.Storage.Segments;

/// <summary>A whole batch with a right checksum that was found by a search.</summary>
internal readonly record struct ProbedBatch(long BaseOffset, long NextOffset, int SizeBytes, int LeaderEpoch);
