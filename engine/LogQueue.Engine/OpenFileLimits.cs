namespace LogQueue.Engine;

/// <summary>How the open files that the process may have are shared out. Immutable.</summary>
public sealed record OpenFileLimits
{
    /// <summary>Files that the process may have open; the soft limit was raised to the hard one.</summary>
    public required int Limit { get; init; }

    /// <summary>
    /// Never given out: for the runtime, which ends the process when it cannot open what it needs. 512, or half of a small limit.
    /// </summary>
    public required int Reserve { get; init; }

    /// <summary>Of <see cref="LogEngineOptions.Connections"/>, those for which there is room: at most a third of what the reserve leaves.</summary>
    public required int MostConnections { get; init; }

    /// <summary>Log and index files that this engine keeps open; the engines of a process share what is left in equal parts.</summary>
    public required int MostLogFiles { get; init; }

    /// <summary>Log and index files that are open now.</summary>
    public required int OpenLogFiles { get; init; }
}
