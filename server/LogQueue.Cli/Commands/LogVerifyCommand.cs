using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using LogQueue.Cli.Output;
using LogQueue.Engine.Inspection;

namespace LogQueue.Cli.Commands;

/// <summary><c>logqueue log verify</c>: checks every byte of partitions, and says what is damaged and what to do.</summary>
internal static class LogVerifyCommand
{
    private const int MostListedProblems = 20;

    public static Command Create(Terminal terminal, GlobalOptions global)
    {
        Argument<string> directory = LogPaths.DirectoryArgument();
        Option<string?> partition = LogPaths.PartitionOption();
        Option<int> threads = LogPaths.ThreadsOption();
        var control = new Option<bool>("--control")
        {
            Description = "Also read and checksum the same files without looking at them, and compare the rates.",
        };
        var command = new Command("verify",
            "Check every batch's CRC and offsets, seals, indexes, snapshots and checkpoints; exit 8 when something is damaged.")
        {
            directory, partition, threads, control,
        };
        command.SetAction(global.Action(terminal, async (parsed, cancellation) =>
        {
            string path = parsed.GetValue(directory)!;
            IReadOnlyList<string> partitions = LogPaths.Find(path, parsed.GetValue(partition));
            int parallel = parsed.GetValue(threads);
            bool compare = parsed.GetValue(control);
            double before = compare ? await RawRateAsync(terminal, partitions, parallel, cancellation) : 0;
            long started = TimeProvider.System.GetTimestamp();
            var progress = new InspectionProgress();
            IReadOnlyList<PartitionInspection> found = await LogProgress.ShowAsync(terminal, "verify", progress,
                Task.Run(() => LogInspector.VerifyAsync(partitions, progress, parallel, cancellation), cancellation));
            double seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
            Print(terminal, path, found);
            Summarise(terminal, found, progress.ReadBytes, seconds);
            if (compare)
            {
                double raw = Math.Max(before, await RawRateAsync(terminal, partitions, parallel, cancellation));
                terminal.Say(string.Create(CultureInfo.InvariantCulture,
                    $"the same files read and checksummed without a look: {Human.Bytes(raw)}/s; verify is at {progress.ReadBytes / seconds / raw:0.00} of it"));
            }

            return found.All(static p => p.Problems.Count == 0) ? ExitCode.Ok : ExitCode.CheckFailed;
        }));
        return command;
    }

    private static void Print(Terminal terminal, string path, IReadOnlyList<PartitionInspection> found)
    {
        terminal.Table(
            ["PARTITION", "SEGMENTS", "SIZE", "BATCHES", "RECORDS", "OFFSETS", "STATUS"],
            [.. found.Select(Row)],
            [.. found.Select(p => ToJson(path, p))]);
        if (terminal.Format is OutputFormat.Json or OutputFormat.Ndjson)
        {
            return;
        }

        foreach (PartitionInspection partition in found)
        {
            foreach (InspectionProblem problem in partition.Problems.Take(MostListedProblems))
            {
                terminal.Say($"{partition.Name}/{Path.GetFileName(problem.Path)} byte {problem.Position}: {problem.What} -> {NextStep(path, partition, problem)}");
            }

            if (partition.Problems.Count > MostListedProblems)
            {
                terminal.Say($"{partition.Name}: {partition.Problems.Count - MostListedProblems} more; --output json lists all");
            }
        }
    }

    private static void Summarise(Terminal terminal, IReadOnlyList<PartitionInspection> found, long bytes, double seconds)
    {
        int damaged = found.Count(static p => p.Problems.Any(static x => x.IsInLog));
        int stale = found.Count(static p => p.Problems.Count > 0) - damaged;
        string verdict = damaged + stale == 0 ? "all sound"
            : string.Join(", ", new[]
            {
                damaged > 0 ? $"{damaged} with damaged records" : "",
                stale > 0 ? $"{stale} with files that have to be rebuilt" : "",
            }.Where(static s => s.Length > 0));
        terminal.Say(string.Create(CultureInfo.InvariantCulture,
            $"{found.Count} partition{(found.Count == 1 ? "" : "s")}, {Human.Count(found.Sum(static p => p.RecordCount))} records, {Human.Bytes(bytes)} in {seconds:0.00} s ({Human.Bytes(bytes / Math.Max(seconds, 1e-6))}/s): {verdict}"));
    }

    private static async Task<double> RawRateAsync(Terminal terminal, IReadOnlyList<string> partitions, int threads, CancellationToken ct)
    {
        var progress = new InspectionProgress();
        long started = TimeProvider.System.GetTimestamp();
        long bytes = await LogProgress.ShowAsync(terminal, "control", progress,
            Task.Run(() => LogInspector.ChecksumAsync(partitions, progress, threads, ct), ct));
        return bytes / TimeProvider.System.GetElapsedTime(started).TotalSeconds;
    }

    private static string NextStep(string path, PartitionInspection partition, InspectionProblem problem) => problem.IsInLog
        ? $"logqueue log repair {path}{(LogPaths.NameOf(path) == partition.Name ? "" : $" --partition {partition.Name}")}"
        : "rebuilt at the next start";

    private static string[] Row(PartitionInspection p) =>
    [
        p.Name, Text(p.SegmentCount), Human.Bytes(p.Bytes), Human.Count(p.BatchCount), Human.Count(p.RecordCount),
        $"{p.LogStartOffset}..{p.NextOffset}",
        p.Problems is [var first, ..]
            ? $"{Path.GetFileName(first.Path)} byte {first.Position}: {first.What}{(p.Problems.Count > 1 ? $" (+{p.Problems.Count - 1})" : "")}" : "ok",
    ];

    private static JsonObject ToJson(string path, PartitionInspection p) => new()
    {
        ["partition"] = p.Name, ["segments"] = p.SegmentCount, ["bytes"] = p.Bytes, ["batches"] = p.BatchCount, ["records"] = p.RecordCount,
        ["log_start_offset"] = p.LogStartOffset, ["next_offset"] = p.NextOffset,
        ["problems"] = new JsonArray([.. p.Problems.Select(x => new JsonObject
        {
            ["path"] = x.Path, ["position"] = x.Position, ["what"] = x.What, ["in_log"] = x.IsInLog,
            ["from_offset"] = x.FromOffset < 0 ? null : x.FromOffset, ["to_offset"] = x.ToOffset < 0 ? null : x.ToOffset,
            ["next_step"] = NextStep(path, p, x),
        })]),
    };

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
