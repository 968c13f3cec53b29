using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using LogQueue.Cli.Output;
using LogQueue.Engine.Inspection;

namespace LogQueue.Cli.Commands;

/// <summary><c>logqueue log export</c>: records of a partition as NDJSON or CSV, so that <c>import</c> gives the same back.</summary>
internal static class LogExportCommand
{
    public static Command Create(Terminal terminal, GlobalOptions global)
    {
        Argument<string> directory = LogPaths.DirectoryArgument();
        var partition = new Argument<string?>("TOPIC-PARTITION")
        {
            Description = "The partition, such as sensors-0; not needed where DIR is its directory.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var file = new Option<string?>("--file", "-f") { Description = "Write to this file (.ndjson or .csv), not to stdout." };
        var from = new Option<long>("--from") { Description = "First offset.", DefaultValueFactory = static _ => 0 };
        var to = new Option<long>("--to") { Description = "Offset after the last one.", DefaultValueFactory = static _ => long.MaxValue };
        var all = new Option<bool>("--uncommitted")
        {
            Description = "Also records of aborted and of undecided transactions, which a read_committed consumer does not see.",
        };
        var command = new Command("export",
            "Write the records of a partition as ndjson (or csv: --output csv): offset, timestamp, key, value, headers.")
        {
            directory, partition, file, from, to, all,
        };
        command.SetAction(global.Action(terminal, async (parsed, cancellation) =>
        {
            string source = LogPaths.FindOne(parsed.GetValue(directory)!, parsed.GetValue(partition));
            string? target = parsed.GetValue(file);
            var damage = new List<InspectionProblem>();
            var progress = new InspectionProgress();
            var query = new RecordQuery
            {
                FromOffset = parsed.GetValue(from),
                ToOffset = parsed.GetValue(to),
                CommittedOnly = !parsed.GetValue(all),
                OnDamage = damage.Add,
                Progress = progress,
            };
            bool csv = terminal.Format == OutputFormat.Csv || target?.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) == true;
            long count = await LogProgress.ShowAsync(terminal, "export", progress,
                Task.Run(() => Write(terminal, source, target, csv, query, cancellation), cancellation));
            foreach (InspectionProblem problem in damage)
            {
                terminal.Say($"{problem.Path} byte {problem.Position}: {problem.What}; left out");
            }

            if (target is not null)
            {
                Tell(terminal, source, target, count);
            }

            return damage.Count == 0 ? ExitCode.Ok : ExitCode.PartlyDone;
        }));
        return command;
    }

    private static long Write(Terminal terminal, string source, string? target, bool csv, RecordQuery query, CancellationToken ct)
    {
        using TextWriter? file = target is null ? null
            : new StreamWriter(target, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), 1 << 16) { NewLine = "\n" };
        TextWriter output = file ?? terminal.Out;
        if (csv)
        {
            output.WriteLine(RecordLine.CsvHeader);
        }

        long count = 0;
        foreach (RecordInspection found in LogInspector.Records(source, query))
        {
            output.WriteLine(csv ? RecordLine.ToCsv(found.Record) : RecordLine.ToNdjson(found.Record));
            count++;
            ct.ThrowIfCancellationRequested();
        }

        output.Flush();
        return count;
    }

    private static void Tell(Terminal terminal, string source, string target, long count)
    {
        if (terminal.Format is OutputFormat.Json or OutputFormat.Ndjson)
        {
            terminal.JsonLine(new JsonObject { ["partition"] = LogPaths.NameOf(source), ["records"] = count, ["file"] = target });
        }
        else
        {
            terminal.Say($"{LogPaths.NameOf(source)}: {Human.Count(count)} records -> {target}");
        }
    }
}
