namespace LogQueue.Storage.Partitions;

/// <summary>Offsets that were durable once and cannot be read any more.</summary>
/// <param name="FromOffset">The first one.</param>
/// <param name="ToOffset">The first one after them.</param>
/// <param name="What">What was found, where.</param>
internal readonly record struct DamagedRange(long FromOffset, long ToOffset, string What);
