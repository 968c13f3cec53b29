namespace LogQueue.Storage.Files;

/// <summary>
/// How the open files and maps that a process may have are shared out. The runtime itself dies where it cannot open what it needs, so a
/// reserve is never given out. Immutable.
/// </summary>
/// <param name="Limit">Files that the process may have open.</param>
/// <param name="Reserve">For the runtime, its assemblies, and files that are open for a moment: 512, or half of a small limit.</param>
/// <param name="Sockets">For the connections of a server: what it asked for, at most a third of the rest.</param>
/// <param name="Files">For the log and index files of all engines in the process.</param>
/// <param name="Maps">For the mapped indexes of all engines: a quarter of what the kernel allows, at most 4,096.</param>
internal readonly record struct HandleShares(int Limit, int Reserve, int Sockets, int Files, int Maps)
{
    /// <summary>Below it a process that serves many partitions or connections runs short: worth a warning.</summary>
    public const int SmallLimit = 4096;

    private const int MostReserve = 512;
    private const int SocketShare = 3;
    private const int MapShare = 4;
    private const int MostMaps = 4096;

    /// <summary>The shares under these limits.</summary>
    public static HandleShares Of(int openFiles, int mapCount, int socketsWanted)
    {
        int reserve = Math.Min(MostReserve, openFiles / 2);
        int rest = openFiles - reserve;
        int sockets = Math.Min(socketsWanted, rest / SocketShare);
        return new HandleShares(
            openFiles, reserve, sockets, Math.Max(1, rest - sockets), Math.Clamp(mapCount / MapShare, 1, MostMaps));
    }

    /// <summary>What a person should know about a small limit; null when there is enough.</summary>
    public string? Warning => Limit >= SmallLimit ? null
        : $"This process may have only {Limit} files open: {Reserve} are kept for the runtime, {Files} are for log files"
            + (Sockets > 0 ? $", {Sockets} for connections. " : ". ")
            + "More partitions in use than that are opened and closed in turn, and each first append then waits for a sync. "
            + "Raise the limit: `ulimit -n 65536` before the start, or LimitNOFILE=65536 in the unit of the service.";
}
