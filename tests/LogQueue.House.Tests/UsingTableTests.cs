using System.Text.RegularExpressions;

namespace LogQueue.House.Tests;

/// <summary>Arrows between namespaces inside a project, and the doors that only some rooms may open.</summary>
public sealed partial class UsingTableTests
{
    /// <summary>Inside Storage each namespace may use those before it.</summary>
    private static readonly string[] StorageOrder =
        ["Files", "Indexes", "Segments", "Compaction", "Partitions", "Journal", "Maintenance", "Scrubbing", "Repair"];

    [GeneratedRegex(@"^\s*(?:global )?using (?:static )?(?:\w+ = )?(?<name>[\w.]+);", RegexOptions.Multiline)]
    private static partial Regex UsingLine();

    [Fact]
    public void Storage_namespaces_point_one_way()
    {
        var violations = new Violations(
            $"Storage: {string.Join(" ◄ ", StorageOrder)} (a namespace uses only those to its left).",
            "Move the code to the right-hand room, or pass what it needs as a parameter or an interface.");
        foreach (string file in Repository.SourceFiles.Where(static f => f.StartsWith("engine/LogQueue.Storage/", StringComparison.Ordinal)))
        {
            int room = Array.IndexOf(StorageOrder, file.Split('/')[2]);
            if (room < 0)
            {
                continue;
            }

            foreach (Match match in UsingLine().Matches(Repository.Read(file)))
            {
                string name = match.Groups["name"].Value;
                int used = Array.FindIndex(StorageOrder, r => name == $"LogQueue.Storage.{r}");
                if (used > room)
                {
                    violations.Add($"{file} uses {name}");
                }
            }
        }

        violations.AssertNone();
    }

    [Theory]
    [InlineData("using System.Net.Sockets;", "server/LogQueue.Server/Transport/,server/LogQueue.Server/LogQueueServer.cs,client/LogQueue.Client/Connections/,server/LogQueue.Cli/,perf/", "Sockets live in Transport (server) and Connections (client).")]
    [InlineData("using LogQueue.Protocol", "server/,client/,perf/", "The engine knows no wire protocol: map to engine words in the server.")]
    [InlineData("using LogQueue.Storage.Segments", "engine/LogQueue.Storage/,engine/LogQueue.Engine/Inspection/,perf/LogQueue.Microbenchmarks/,perf/LogQueue.EngineBench/", "Segments are Storage's business: go through PartitionLog.")]
    [InlineData("using LogQueue.Engine", "engine/LogQueue.Engine/,server/LogQueue.Server/,server/LogQueue.Cli/,perf/", "The client never references the engine.")]
    public void A_door_is_opened_only_by_its_rooms(string door, string rooms, string remedy)
    {
        string[] allowed = rooms.Split(',');
        var violations = new Violations($"`{door}` only in {rooms}.", remedy);
        foreach (string file in Repository.SourceFiles)
        {
            if (!allowed.Any(room => file.StartsWith(room, StringComparison.Ordinal))
                && Repository.ReadLines(file).Any(line => line.StartsWith(door, StringComparison.Ordinal)))
            {
                violations.Add(file);
            }
        }

        violations.AssertNone();
    }
}
