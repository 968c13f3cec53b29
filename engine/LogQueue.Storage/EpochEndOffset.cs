namespace LogQueue.Storage;

/// <summary>The end of a leader epoch in a partition.</summary>
/// <param name="LeaderEpoch">The largest epoch at or below the one asked for; -1 when there is none.</param>
/// <param name="EndOffset">The first offset after it; -1 when there is none.</param>
public readonly record struct EpochEndOffset(int LeaderEpoch, long EndOffset);
