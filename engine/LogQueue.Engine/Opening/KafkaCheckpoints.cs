using System.Globalization;
using System.Text;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;

namespace LogQueue.Engine.Opening;

/// <summary>
/// Kafka's notes about a whole data directory, which a log of ours keeps in its own <c>recovery.ckpt</c>: the log start that a
/// DeleteRecords moved (<c>log-start-offset-checkpoint</c>) and the end of what was synced (<c>recovery-point-offset-checkpoint</c>).
/// Text files: version 0, a count, then a line <c>topic partition offset</c> each. Stateless.
/// </summary>
internal static class KafkaCheckpoints
{
    private const string LogStarts = "log-start-offset-checkpoint";
    private const string RecoveryPoints = "recovery-point-offset-checkpoint";

    /// <summary>Kafka's promise that nothing needs recovery: false once we append, so it goes, as Kafka's own start takes it.</summary>
    private const string CleanShutdown = ".kafka_cleanshutdown";

    /// <summary>
    /// Finishes what Kafka had begun in its partition directories, and writes a first <c>recovery.ckpt</c> (generation 0) for every
    /// partition that Kafka knew and that has none.
    /// </summary>
    public static void TakeOver(IStorageDevice device, string dataDirectory)
    {
        IReadOnlyDictionary<string, long> starts = Read(device, Path.Combine(dataDirectory, LogStarts));
        IReadOnlyDictionary<string, long> points = Read(device, Path.Combine(dataDirectory, RecoveryPoints));
        foreach (string name in device.ListDirectories(dataDirectory))
        {
            if (PartitionDirectory.TryParse(name, out _, out _))
            {
                KafkaLeftovers.Finish(device, Path.Combine(dataDirectory, name));
            }
        }

        foreach (string name in starts.Keys.Union(points.Keys, StringComparer.Ordinal))
        {
            string directory = Path.Combine(dataDirectory, name);
            if (!device.DirectoryExists(directory) || RecoveryCheckpoint.TryLoad(device, directory) is not null)
            {
                continue;
            }

            long first = FirstBaseOffset(device, directory);
            long start = Math.Max(first, starts.GetValueOrDefault(name, first));
            long point = Math.Max(start, points.GetValueOrDefault(name, start));
            new RecoveryCheckpoint(RecoveryCheckpoint.KafkaGeneration, start, point, first, Position: 0).Save(device, directory);
        }

        device.DeleteIfExists(Path.Combine(dataDirectory, CleanShutdown));
    }

    /// <summary>The lines of a checkpoint file, by directory name; a missing or damaged file has none.</summary>
    internal static IReadOnlyDictionary<string, long> Read(IStorageDevice device, string path)
    {
        var offsets = new Dictionary<string, long>(StringComparer.Ordinal);
        string text = Encoding.UTF8.GetString(device.ReadWhole(path) ?? []);
        foreach (string line in text.Split('\n', StringSplitOptions.TrimEntries))
        {
            string[] words = line.Split(' ');
            if (words.Length == 3
                && int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out int partition)
                && long.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out long offset))
            {
                offsets[PartitionDirectory.Name(words[0], partition)] = offset;
            }
        }

        return offsets;
    }

    private static long FirstBaseOffset(IStorageDevice device, string directory)
    {
        long first = long.MaxValue;
        foreach (string name in device.ListFiles(directory))
        {
            if (SegmentFileName.TryParse(name, SegmentFileName.Log, out long baseOffset))
            {
                first = Math.Min(first, baseOffset);
            }
        }

        return first == long.MaxValue ? 0 : first;
    }
}
