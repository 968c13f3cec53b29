namespace LogQueue.Engine.Inspection;

/// <summary>Something wrong in a file.</summary>
/// <param name="Path">The file.</param>
/// <param name="Position">Byte position in it.</param>
/// <param name="What">What is wrong, in words.</param>
public sealed record InspectionProblem(string Path, long Position, string What);
