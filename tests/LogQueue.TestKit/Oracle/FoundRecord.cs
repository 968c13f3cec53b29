namespace LogQueue.TestKit.Oracle;

/// <summary>One record of a log as it is found after a recovery.</summary>
/// <param name="Offset">Its offset.</param>
/// <param name="Tag">What it was written with; <see cref="DurabilityOracle.Marker"/> for a transaction marker.</param>
internal readonly record struct FoundRecord(long Offset, long Tag);
