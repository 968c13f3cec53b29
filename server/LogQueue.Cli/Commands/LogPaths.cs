using System.CommandLine;
using LogQueue.Engine.Inspection;

namespace LogQueue.Cli.Commands;

/// <summary>Partition directories as people name them. Stateless.</summary>
internal static class LogPaths
{
    public static Argument<string> DirectoryArgument() => new("DIR") { Description = "A data directory, or one of a partition." };

    public static Option<string?> PartitionOption() => new("--partition", "-p")
    {
        Description = "Only this partition (sensors-0) or this topic (sensors).",
    };

    public static Option<int> ThreadsOption() => new("--threads")
    {
        Description = "Partitions at a time; 0 for one a processor.",
        DefaultValueFactory = static _ => 0,
    };

    /// <summary>The partitions at a path, or those of one name or topic among them.</summary>
    public static IReadOnlyList<string> Find(string path, string? name)
    {
        if (!Directory.Exists(path))
        {
            throw new CliException(ExitCode.NotFound, "NOT_FOUND", $"there is no directory {path}");
        }

        IReadOnlyList<string> all = LogInspector.FindPartitions(path);
        if (all.Count == 0)
        {
            throw new CliException(ExitCode.NotFound, "NOT_FOUND", $"{path} holds no partition",
                "name a data directory, or a directory like sensors-0");
        }

        string[] wanted = [.. all.Where(directory => name is null || NameOf(directory) == name || TopicOf(directory) == name)];
        return wanted.Length > 0
            ? wanted
            : throw new CliException(ExitCode.NotFound, "NOT_FOUND", $"{path} holds no partition {name}",
                "it has " + string.Join(", ", all.Take(8).Select(NameOf)) + (all.Count > 8 ? ", ..." : ""));
    }

    /// <summary>The one partition at a path.</summary>
    public static string FindOne(string path, string? name)
    {
        IReadOnlyList<string> found = Find(path, name);
        return found.Count == 1
            ? found[0]
            : throw new CliException(ExitCode.Usage, "USAGE", $"{path} holds {found.Count} partitions{(name is null ? "" : " of " + name)}",
                "name one, such as " + NameOf(found[0]));
    }

    /// <summary>The name of a partition's directory, such as <c>sensors-0</c>.</summary>
    public static string NameOf(string directory) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory)));

    /// <summary>The topic that a directory's name says.</summary>
    public static string TopicOf(string directory) => TrySplit(NameOf(directory), out string topic, out _) ? topic : NameOf(directory);

    /// <summary>Splits <c>sensors-0</c>; false for other names.</summary>
    public static bool TrySplit(string name, out string topic, out int partition)
    {
        int dash = name.LastIndexOf('-');
        topic = dash > 0 ? name[..dash] : "";
        partition = -1;
        return dash > 0 && int.TryParse(name.AsSpan(dash + 1), System.Globalization.NumberStyles.None,
            System.Globalization.CultureInfo.InvariantCulture, out partition);
    }
}
