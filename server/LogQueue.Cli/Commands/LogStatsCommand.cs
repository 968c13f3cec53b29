using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using LogQueue.Cli.Output;
using LogQueue.Engine.Inspection;

namespace LogQueue.Cli.Commands;

/// <summary><c>logqueue log stats</c>: what is in the partitions, in figures.</summary>
internal static class LogStatsCommand
{
    public static Command Create(Terminal terminal, GlobalOptions global)
    {
        Argument<string> directory = LogPaths.DirectoryArgument();
        Option<string?> partition = LogPaths.PartitionOption();
        Option<int> threads = LogPaths.ThreadsOption();
        var command = new Command("stats",
            "Count records, bytes, keys, codecs, batch sizes, times and rates; a line for each partition, one more for each topic.")
        {
            directory, partition, threads,
        };
        command.SetAction(global.Action(terminal, async (parsed, cancellation) =>
        {
            IReadOnlyList<string> partitions = LogPaths.Find(parsed.GetValue(directory)!, parsed.GetValue(partition));
            var progress = new InspectionProgress();
            int parallel = parsed.GetValue(threads);
            IReadOnlyList<PartitionStatistics> found = await LogProgress.ShowAsync(terminal, "stats", progress,
                Task.Run(() => LogInspector.MeasureAsync(partitions, progress, parallel, cancellation), cancellation));
            Print(terminal, found);
            foreach (InspectionProblem problem in found.SelectMany(static p => p.Problems))
            {
                terminal.Say($"{problem.Path} byte {problem.Position}: {problem.What}; not counted");
            }

            return found.All(static p => p.Problems.Count == 0) ? ExitCode.Ok : ExitCode.PartlyDone;
        }));
        return command;
    }

    private static void Print(Terminal terminal, IReadOnlyList<PartitionStatistics> found)
    {
        var rows = new List<string[]>();
        var json = new List<JsonNode>();
        foreach (IGrouping<string, PartitionStatistics> topic in found.GroupBy(static p => LogPaths.TopicOf(p.Name)))
        {
            PartitionStatistics[] partitions = [.. topic];
            foreach (PartitionStatistics p in partitions)
            {
                rows.Add(Row(p.Name, p));
            }

            PartitionStatistics total = Sum(topic.Key, partitions);
            if (partitions.Length > 1)
            {
                rows.Add(Row($"{topic.Key} ({partitions.Length} partitions)", total));
            }

            JsonObject sum = ToJson(total);
            sum.Remove("name");
            json.Add(new JsonObject
            {
                ["topic"] = topic.Key,
                ["total"] = sum,
                ["partitions"] = new JsonArray([.. partitions.Select(ToJson)]),
            });
        }

        terminal.Table(
            ["PARTITION", "SEGMENTS", "SIZE", "RECORDS", "KEYS", "BATCHES", "BATCH BYTES", "CODECS", "FIRST", "LAST", "RATE", "OFFSETS"],
            rows, json);
    }

    private static PartitionStatistics Sum(string topic, PartitionStatistics[] all)
    {
        long[] firsts = [.. all.Select(static p => p.FirstTimestampMs).Where(static t => t >= 0)];
        int[] least = [.. all.Where(static p => p.BatchCount > 0).Select(static p => p.LeastBatchBytes)];
        return new PartitionStatistics
        {
            Name = topic,
            SegmentCount = all.Sum(static p => p.SegmentCount),
            Bytes = all.Sum(static p => p.Bytes),
            BatchCount = all.Sum(static p => p.BatchCount),
            RecordCount = all.Sum(static p => p.RecordCount),
            TombstoneCount = all.Sum(static p => p.TombstoneCount),
            ControlCount = all.Sum(static p => p.ControlCount),
            LogStartOffset = all.Min(static p => p.LogStartOffset),
            NextOffset = all.Max(static p => p.NextOffset),
            FirstTimestampMs = firsts.Length == 0 ? -1 : firsts.Min(),
            LastTimestampMs = all.Max(static p => p.LastTimestampMs),
            KeyBytes = all.Sum(static p => p.KeyBytes),
            ValueBytes = all.Sum(static p => p.ValueBytes),
            DistinctKeys = all.Sum(static p => p.DistinctKeys), // a key belongs to one partition
            LeastBatchBytes = least.Length == 0 ? 0 : least.Min(),
            MostBatchBytes = all.Max(static p => p.MostBatchBytes),
            Codecs = [.. all.SelectMany(static p => p.Codecs).GroupBy(static c => c.Compression).OrderBy(static g => g.Key)
                .Select(static g => new CodecStatistics(g.Key, g.Sum(static c => c.BatchCount), g.Sum(static c => c.RecordCount),
                    g.Sum(static c => c.StoredBytes), g.Sum(static c => c.PlainBytes)))],
            Problems = [],
        };
    }

    private static string[] Row(string name, PartitionStatistics p) =>
    [
        name, Human.Count(p.SegmentCount), Human.Bytes(p.Bytes), Human.Count(p.RecordCount), Human.Count(p.DistinctKeys),
        Human.Count(p.BatchCount),
        p.BatchCount == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{p.LeastBatchBytes}/{p.Bytes / p.BatchCount}/{p.MostBatchBytes}"),
        p.Codecs.Count == 0 ? "-" : string.Join(' ', p.Codecs.Select(static c => string.Create(CultureInfo.InvariantCulture,
            $"{c.Compression.ToString().ToLowerInvariant()} {c.Ratio:0.00}x"))),
        Time(p.FirstTimestampMs), Time(p.LastTimestampMs), p.RecordsPerSecond <= 0 ? "-" : Human.Number(p.RecordsPerSecond) + "/s",
        $"{p.LogStartOffset}..{p.NextOffset}",
    ];

    private static JsonObject ToJson(PartitionStatistics p) => new()
    {
        ["name"] = p.Name, ["segments"] = p.SegmentCount, ["bytes"] = p.Bytes, ["records"] = p.RecordCount,
        ["tombstones"] = p.TombstoneCount, ["control_records"] = p.ControlCount, ["distinct_keys"] = p.DistinctKeys,
        ["key_bytes"] = p.KeyBytes, ["value_bytes"] = p.ValueBytes, ["batches"] = p.BatchCount,
        ["batch_bytes"] = new JsonObject
        {
            ["min"] = p.LeastBatchBytes, ["mean"] = p.BatchCount == 0 ? 0 : p.Bytes / p.BatchCount, ["max"] = p.MostBatchBytes,
        },
        ["codecs"] = new JsonArray([.. p.Codecs.Select(static c => new JsonObject
        {
            ["codec"] = c.Compression.ToString().ToLowerInvariant(), ["batches"] = c.BatchCount, ["records"] = c.RecordCount,
            ["stored_bytes"] = c.StoredBytes, ["plain_bytes"] = c.PlainBytes, ["ratio"] = Math.Round(c.Ratio, 3),
        })]),
        ["first_timestamp_ms"] = p.FirstTimestampMs < 0 ? null : p.FirstTimestampMs,
        ["last_timestamp_ms"] = p.LastTimestampMs < 0 ? null : p.LastTimestampMs,
        ["records_per_second"] = Math.Round(p.RecordsPerSecond, 3),
        ["log_start_offset"] = p.LogStartOffset, ["next_offset"] = p.NextOffset,
    };

    private static string Time(long timestampMs) => timestampMs < 0 ? "-" : Human.Time(DateTimeOffset.FromUnixTimeMilliseconds(timestampMs));
}
