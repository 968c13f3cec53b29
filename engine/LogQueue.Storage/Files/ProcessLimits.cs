using System.Globalization;

namespace LogQueue.Storage.Files;

/// <summary>What the system allows this process. Stateless.</summary>
internal static class ProcessLimits
{
    /// <summary>Largest number of open files that is believed: some systems say "unlimited".</summary>
    private const int MostOpenFiles = 1 << 20;

    /// <summary>What Linux allows where it does not say.</summary>
    private const int UsualMaps = 65_530;

    /// <summary>
    /// Files that the process may have open. The soft limit is raised to the hard one, which needs no right; where that fails the soft one
    /// counts.
    /// </summary>
    internal static unsafe int RaiseOpenFiles()
    {
        ulong* limits = stackalloc ulong[2];
        if (LibC.GetLimit(LibC.OpenFilesLimit, limits) != 0)
        {
            return MostOpenFiles; // no such limit here
        }

        if (limits[0] < limits[1])
        {
            ulong soft = limits[0];
            limits[0] = OperatingSystem.IsMacOS() ? Math.Min(limits[1], 10_240) : limits[1]; // macOS refuses more than OPEN_MAX
            if (limits[0] < soft || LibC.SetLimit(LibC.OpenFilesLimit, limits) != 0)
            {
                limits[0] = soft;
            }
        }

        return (int)Math.Min(limits[0], MostOpenFiles);
    }

    /// <summary>Memory maps that the process may have (<c>vm.max_map_count</c>), those of the runtime included.</summary>
    internal static int MapCount()
    {
        try
        {
            return int.TryParse(File.ReadAllText("/proc/sys/vm/max_map_count"), NumberStyles.AllowTrailingWhite,
                CultureInfo.InvariantCulture, out int count) ? count : UsualMaps;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return UsualMaps; // not Linux, or hidden from us
        }
    }
}
