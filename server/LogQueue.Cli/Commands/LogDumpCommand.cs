using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using LogQueue.Cli.Output;
using LogQueue.Engine.Inspection;
using LogQueue.Records;

namespace LogQueue.Cli.Commands;

/// <summary><c>logqueue log dump</c>: lists batches, records, or the entries of an index, a snapshot, a seal or a checkpoint.</summary>
internal static class LogDumpCommand
{
    public static Command Create(Terminal terminal, GlobalOptions global)
    {
        var directory = new Argument<string>("PATH")
        {
            Description = "A data directory, a partition directory, or one file of it: .log, .index, .timeindex, .txnindex, .snapshot, .seal, ...",
        };
        Option<string?> partition = LogPaths.PartitionOption();
        var records = new Option<bool>("--records", "-r") { Description = "List records, not batches." };
        var decode = new Option<bool>("--decode", "-d")
        {
            Description = "List records, those of internal topics (offsets, transactions, metadata) and control records decoded.",
        };
        var from = new Option<long>("--from") { Description = "First offset.", DefaultValueFactory = static _ => 0 };
        var to = new Option<long>("--to") { Description = "Offset after the last one.", DefaultValueFactory = static _ => long.MaxValue };
        var count = new Option<long>("--count", "-n")
        {
            Description = "Stop after this many rows.",
            DefaultValueFactory = static _ => long.MaxValue,
        };
        var command = new Command("dump", "List the batches or records of a partition, or the entries of one of its files.")
        {
            directory, partition, records, decode, from, to, count,
        };
        command.SetAction(global.Action(terminal, (parsed, cancellation) =>
        {
            string path = parsed.GetValue(directory)!;
            bool decoded = parsed.GetValue(decode);
            if (File.Exists(path) && FileInspector.TryRead(path) is { } file)
            {
                return Task.FromResult(DumpFile(terminal, file, parsed.GetValue(count)));
            }

            IReadOnlyList<string> sources = File.Exists(path) ? [path] : LogPaths.Find(path, parsed.GetValue(partition));
            var damage = new List<InspectionProblem>();
            var query = new RecordQuery
            {
                FromOffset = parsed.GetValue(from),
                ToOffset = parsed.GetValue(to),
                WithControl = decoded,
                OnDamage = damage.Add,
            };
            bool sound = decoded || parsed.GetValue(records)
                ? DumpRecords(terminal, sources, query, decoded, parsed.GetValue(count), cancellation)
                : DumpBatches(terminal, sources, query, parsed.GetValue(count), cancellation);
            foreach (InspectionProblem problem in damage)
            {
                terminal.Say($"{problem.Path} byte {problem.Position}: {problem.What}");
            }

            return Task.FromResult(sound && damage.Count == 0 ? ExitCode.Ok : ExitCode.CheckFailed);
        }));
        return command;
    }

    private static bool DumpBatches(Terminal terminal, IReadOnlyList<string> sources, RecordQuery query, long count, CancellationToken ct)
    {
        var rows = new RowWriter(terminal,
            ["SEGMENT", "POSITION", "BASE", "LAST", "RECORDS", "SIZE", "CODEC", "MAX TIME", "PRODUCER", "CRC"]);
        bool sound = true;
        foreach (BatchInspection b in sources.SelectMany(LogInspector.Batches)
            .Where(b => b.LastOffset >= query.FromOffset && b.BaseOffset < query.ToOffset).Take((int)Math.Min(count, int.MaxValue)))
        {
            ct.ThrowIfCancellationRequested();
            sound &= b.IsChecksumValid;
            rows.Add(
            [
                Path.GetFileName(b.Path), Text(b.Position), Text(b.BaseOffset), Text(b.LastOffset), Text(b.RecordCount), Text(b.SizeBytes),
                b.Compression.ToString().ToLowerInvariant(), Time(b.MaxTimestampMs),
                b.ProducerId < 0 ? "-" : $"{b.ProducerId}:{b.BaseSequence}", b.IsChecksumValid ? "ok" : "BAD",
            ], () => ToJson(b));
        }

        rows.Finish();
        return sound;
    }

    private static bool DumpRecords(Terminal terminal, IReadOnlyList<string> sources, RecordQuery query, bool decoded, long count,
        CancellationToken ct)
    {
        var rows = new RowWriter(terminal, decoded ? ["OFFSET", "TIME", "RECORD"] : ["OFFSET", "TIME", "KEY", "VALUE", "HEADERS"]);
        foreach (string source in sources)
        {
            string topic = LogPaths.TopicOf(File.Exists(source) ? Path.GetDirectoryName(Path.GetFullPath(source))! : source);
            foreach (RecordInspection found in LogInspector.Records(source, query))
            {
                ct.ThrowIfCancellationRequested();
                if (count-- <= 0)
                {
                    rows.Finish();
                    return true;
                }

                Record record = found.Record;
                string? text = decoded ? InternalRecords.Decode(topic, record, found.Batch.IsControl) : null;
                string[] cells = !decoded
                    ? [Text(record.Offset), Time(record.TimestampMs), RecordText.Show(record.Key, "<none>"),
                        RecordText.Show(record.Value, "<tombstone>"), HeadersText(record)]
                    : [Text(record.Offset), Time(record.TimestampMs),
                        text ?? $"{RecordText.Show(record.Key, "<none>")} = {RecordText.Show(record.Value, "<tombstone>")}"];
                rows.Add(cells, () => ToJson(record, text));
            }
        }

        rows.Finish();
        return true;
    }

    private static int DumpFile(Terminal terminal, FileDump file, long count)
    {
        var rows = new RowWriter(terminal, [.. file.Columns.Select(static c => c.Replace('_', ' ').ToUpperInvariant())]);
        foreach (string[] row in file.Rows.Take((int)Math.Min(count, int.MaxValue)))
        {
            rows.Add(row, () =>
            {
                var json = new JsonObject();
                for (int i = 0; i < row.Length; i++)
                {
                    json[file.Columns[i]] = long.TryParse(row[i], CultureInfo.InvariantCulture, out long number) ? number : row[i];
                }

                return json;
            });
        }

        rows.Finish();
        if (file.Problem is { } problem)
        {
            terminal.Say($"{file.Kind}: {problem}");
            return ExitCode.CheckFailed;
        }

        return ExitCode.Ok;
    }

    private static JsonObject ToJson(BatchInspection b) => new()
    {
        ["segment"] = b.Path, ["position"] = b.Position, ["base_offset"] = b.BaseOffset, ["last_offset"] = b.LastOffset,
        ["records"] = b.RecordCount, ["bytes"] = b.SizeBytes, ["codec"] = b.Compression.ToString().ToLowerInvariant(),
        ["max_timestamp_ms"] = b.MaxTimestampMs, ["producer_id"] = b.ProducerId, ["producer_epoch"] = b.ProducerEpoch,
        ["base_sequence"] = b.BaseSequence, ["leader_epoch"] = b.LeaderEpoch, ["control"] = b.IsControl,
        ["transactional"] = b.IsTransactional, ["crc_ok"] = b.IsChecksumValid,
    };

    private static JsonObject ToJson(Record record, string? decoded) => decoded is null ? RecordLine.ToJson(record) : new JsonObject
    {
        ["offset"] = record.Offset,
        ["timestamp"] = record.TimestampMs,
        ["record"] = JsonNode.Parse(decoded),
    };

    private static string HeadersText(Record record) => string.Join(", ",
        record.Headers.Select(static h => $"{h.Key}={RecordText.Show(h.Value, "<none>")}"));

    private static string Time(long timestampMs) => timestampMs < 0 ? "-" : Human.Time(DateTimeOffset.FromUnixTimeMilliseconds(timestampMs));

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
