namespace LogQueue.Engine.Inspection;

/// <summary>The entries of one file beside a log, as a table. Immutable.</summary>
/// <param name="Kind">What the file is.</param>
/// <param name="Columns">Names of its columns.</param>
/// <param name="Rows">A row for each entry, a cell for each column: numbers in plain digits.</param>
/// <param name="Problem">What is wrong with the file; null when it could be read.</param>
public sealed record FileDump(string Kind, IReadOnlyList<string> Columns, IReadOnlyList<string[]> Rows, string? Problem);
