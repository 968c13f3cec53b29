using LogQueue.Storage.Partitions;

namespace LogQueue.Storage.Repair;

/// <summary>What a repair found, and what it did.</summary>
/// <param name="Damage">The ranges that cannot be read.</param>
/// <param name="Kept">Where the damaged bytes went, relative to the data directory; empty for a dry run.</param>
/// <param name="LogStartOffset">The first offset of the log.</param>
/// <param name="LogEndOffset">The offset that the next record gets.</param>
internal sealed record RepairReport(
    IReadOnlyList<DamagedRange> Damage, IReadOnlyList<string> Kept, long LogStartOffset, long LogEndOffset);
