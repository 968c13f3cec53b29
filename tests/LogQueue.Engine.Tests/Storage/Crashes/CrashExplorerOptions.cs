namespace LogQueue.Engine.Tests.Storage.Crashes;

/// <summary>How thoroughly a run is explored. Immutable.</summary>
internal sealed record CrashExplorerOptions
{
    /// <summary>Steps of the run.</summary>
    public int Steps { get; init; } = 70;

    /// <summary>Power cuts tried at each operation.</summary>
    public int CutsPerOperation { get; init; } = 2;

    /// <summary>One recovery in so many is cut itself, at each of its operations; 0 for none.</summary>
    public int NestedEvery { get; init; } = 40;

    /// <summary>How deep cuts nest: a run, its recovery, the recovery of that.</summary>
    public int MostDepth { get; init; } = 3;

    /// <summary>The disk forgets what it said it had synced: everything must be found out.</summary>
    public bool DiskLies { get; init; }
}
