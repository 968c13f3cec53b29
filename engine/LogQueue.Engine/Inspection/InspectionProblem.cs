namespace LogQueue.Engine.Inspection;

/// <summary>Something wrong in a file.</summary>
/// <param name="Path">The file.</param>
/// <param name="Position">Byte position in it.</param>
/// <param name="What">What is wrong, in words.</param>
public sealed record InspectionProblem(string Path, long Position, string What)
{
    /// <summary>True when records are damaged or missing; false for a cache, which the next open rebuilds from the log.</summary>
    public bool IsInLog { get; init; }

    /// <summary>The first record offset that is affected; -1 where none is.</summary>
    public long FromOffset { get; init; } = -1;

    /// <summary>The offset after the last record that is affected; -1 where none is, or the end is unknown.</summary>
    public long ToOffset { get; init; } = -1;
}
