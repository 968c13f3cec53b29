namespace LogQueue.Storage;

/// <summary>
/// Switches for mistakes planted on purpose, to prove that the tests have teeth. They exist only in a build with
/// <c>-p:PlantedBugs=true</c>, where the variable LOGQUEUE_PLANTED_BUG names the one that is on; everywhere else the compiler removes them.
/// Thread-safe.
/// </summary>
internal static class PlantedBugs
{
#if PLANTED_BUGS
    private static readonly PlantedBug Active =
        Enum.TryParse(Environment.GetEnvironmentVariable("LOGQUEUE_PLANTED_BUG"), out PlantedBug named) ? named : PlantedBug.None;

    /// <summary>Whether this mistake is made now.</summary>
    public static bool IsOn(PlantedBug bug) => bug == Active && bug != PlantedBug.None;
#else
    /// <summary>Whether this mistake is made now: never in this build.</summary>
    public static bool IsOn(PlantedBug bug) => false;
#endif
}
