using System.Globalization;
using System.Runtime.InteropServices;

namespace LogQueue.LoadTest;

/// <summary>The lines that every report begins with. Pure; thread-safe.</summary>
internal static class LoadSettings
{
    public static List<KeyValuePair<string, string>> Describe(LoadOptions options, string target, string durability) =>
    [
        new("machine", $"{Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, .NET {Environment.Version}"),
        new("target", target),
        new("durability", durability),
        new("value", $"{options.ValueBytes} B, {options.Compression.ToString().ToLowerInvariant()}"),
        new("load", options.RatePerSecond is { } rate ? rate.ToString("N0", CultureInfo.InvariantCulture) + " records/s, open loop"
            : "as fast as it goes"),
        new("partitions", options.PartitionCount.ToString(CultureInfo.InvariantCulture)),
        new("warm-up", options.WarmUpRecords.ToString("N0", CultureInfo.InvariantCulture) + " records, not measured"),
    ];
}
