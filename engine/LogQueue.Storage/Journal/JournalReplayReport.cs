namespace LogQueue.Storage.Journal;

/// <summary>What a replay of the commit journal did.</summary>
/// <param name="RestoredBytes">Bytes that the segment files did not have.</param>
/// <param name="IsDamaged">Good frames followed bytes that are none; the files were kept in <c>lost+found</c>.</param>
internal readonly record struct JournalReplayReport(long RestoredBytes, bool IsDamaged);
