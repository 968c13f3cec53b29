namespace LogQueue.Engine.Inspection;

/// <summary>Offsets that cannot be read any more.</summary>
/// <param name="FromOffset">The first one.</param>
/// <param name="ToOffset">The first one after them.</param>
/// <param name="Bytes">Damaged bytes; 0 when a file is missing or too short.</param>
/// <param name="What">Where, and what was found.</param>
public sealed record LostRange(long FromOffset, long ToOffset, long Bytes, string What);
