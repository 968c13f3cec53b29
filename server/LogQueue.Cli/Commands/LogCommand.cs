using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using LogQueue.Cli.Output;
using LogQueue.Engine.Inspection;

namespace LogQueue.Cli.Commands;

/// <summary><c>logqueue log verify|dump</c>: looks into files, offline.</summary>
internal static class LogCommand
{
    public static Command Create(Terminal terminal, GlobalOptions global) => new("log", "Look into a data directory, without a broker.")
    {
        Verify(terminal, global),
        Dump(terminal, global),
        LogRepairCommand.Create(terminal, global),
    };

    private static Command Verify(Terminal terminal, GlobalOptions global)
    {
        var directory = new Argument<string>("DIR");
        var command = new Command("verify",
            "Check every batch's CRC and offsets, and the indexes; exit 8 when something is damaged.") { directory };
        command.SetAction(global.Action(terminal, (parsed, cancellation) =>
        {
            string path = parsed.GetValue(directory)!;
            IReadOnlyList<string> partitions = Find(path);
            var rows = new List<string[]>();
            var json = new JsonArray();
            int damaged = 0;
            foreach (string partition in partitions)
            {
                long started = TimeProvider.System.GetTimestamp();
                long shown = started;
                PartitionInspection found = LogInspector.Verify(
                    partition,
                    bytes =>
                    {
                        if (TimeProvider.System.GetElapsedTime(shown) > TimeSpan.FromMilliseconds(200))
                        {
                            shown = TimeProvider.System.GetTimestamp();
                            terminal.Live($"{Path.GetFileName(partition)}  {Human.Bytes(bytes)}");
                        }
                    },
                    cancellation);
                double seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
                damaged += found.Problems.Count == 0 ? 0 : 1;
                rows.Add(Row(found, seconds));
                json.Add(ToJson(found));
            }

            terminal.ClearLive();
            terminal.Table(["PARTITION", "SEGMENTS", "SIZE", "BATCHES", "RECORDS", "OFFSETS", "STATUS", "RATE"], rows, json);
            return Task.FromResult(damaged == 0 ? ExitCode.Ok : ExitCode.CheckFailed);
        }));
        return command;
    }

    private static Command Dump(Terminal terminal, GlobalOptions global)
    {
        var directory = new Argument<string>("DIR") { Description = "A partition directory or a .log file." };
        var count = new Option<int>("--count", "-n") { Description = "Stop after this many batches.", DefaultValueFactory = static _ =>
            int.MaxValue };
        var command = new Command("dump", "List the batches of a partition.") { directory, count };
        command.SetAction(global.Action(terminal, (parsed, _) =>
        {
            string path = parsed.GetValue(directory)!;
            IEnumerable<string> sources = File.Exists(path) ? [path] : Find(path);
            BatchInspection[] batches = [.. sources.SelectMany(LogInspector.Batches).Take(parsed.GetValue(count))];
            terminal.Table(
                ["SEGMENT", "POSITION", "BASE", "LAST", "RECORDS", "SIZE", "CODEC", "MAX TIME", "PRODUCER", "CRC"],
                [.. batches.Select(static b => new[]
                {
                    Path.GetFileName(b.Path), Text(b.Position), Text(b.BaseOffset), Text(b.LastOffset), Text(b.RecordCount),
                        Text(b.SizeBytes),
                    b.Compression.ToString().ToLowerInvariant(), b.MaxTimestampMs < 0 ? "-"
                        : Human.Time(DateTimeOffset.FromUnixTimeMilliseconds(b.MaxTimestampMs)),
                    b.ProducerId < 0 ? "-" : $"{b.ProducerId}:{b.BaseSequence}", b.IsChecksumValid ? "ok" : "BAD",
                })],
                [.. batches.Select(static b => new JsonObject
                {
                    ["segment"] = b.Path, ["position"] = b.Position, ["base_offset"] = b.BaseOffset, ["last_offset"] = b.LastOffset,
                        ["records"] = b.RecordCount,
                    ["bytes"] = b.SizeBytes, ["codec"] = b.Compression.ToString().ToLowerInvariant(), ["max_timestamp_ms"] =
                        b.MaxTimestampMs,
                    ["producer_id"] = b.ProducerId, ["base_sequence"] = b.BaseSequence, ["control"] = b.IsControl, ["transactional"] =
                        b.IsTransactional,
                    ["crc_ok"] = b.IsChecksumValid,
                })]);
            return Task.FromResult(batches.All(static b => b.IsChecksumValid) ? ExitCode.Ok : ExitCode.CheckFailed);
        }));
        return command;
    }

    private static IReadOnlyList<string> Find(string path)
    {
        if (!Directory.Exists(path))
        {
            throw new CliException(ExitCode.NotFound, "NOT_FOUND", $"there is no directory {path}");
        }

        return LogInspector.FindPartitions(path) is { Count: > 0 } partitions
            ? partitions
            : throw new CliException(ExitCode.NotFound, "NOT_FOUND", $"{path} holds no partition",
                "name a data directory, or a directory like sensors-0");
    }

    private static string[] Row(PartitionInspection p, double seconds) =>
    [
        p.Name, Text(p.SegmentCount), Human.Bytes(p.Bytes), Human.Count(p.BatchCount), Human.Count(p.RecordCount),
            $"{p.LogStartOffset}..{p.NextOffset}",
        p.Problems is [var first, ..]
            ? $"{Path.GetFileName(first.Path)} byte {first.Position}: {first.What}{(p.Problems.Count > 1 ? $" (+{p.Problems.Count - 1})" : "")}" : "ok",
        p.Bytes < 1 << 20 ? "-" : Human.Bytes(p.Bytes / seconds) + "/s",
    ];

    private static JsonObject ToJson(PartitionInspection p) => new()
    {
        ["partition"] = p.Name, ["segments"] = p.SegmentCount, ["bytes"] = p.Bytes, ["batches"] = p.BatchCount, ["records"] = p.RecordCount,
        ["log_start_offset"] = p.LogStartOffset, ["next_offset"] = p.NextOffset,
        ["problems"] = new JsonArray([.. p.Problems.Select(static x => new JsonObject { ["path"] = x.Path, ["position"] = x.Position,
            ["what"] = x.What })]),
    };

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
