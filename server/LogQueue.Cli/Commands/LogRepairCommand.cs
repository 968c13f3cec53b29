using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using LogQueue.Cli.Output;
using LogQueue.Engine.Inspection;

namespace LogQueue.Cli.Commands;

/// <summary><c>logqueue log repair</c>: shows what damage costs and, when the loss is accepted, makes it permanent. Offline.</summary>
internal static class LogRepairCommand
{
    public static Command Create(Terminal terminal, GlobalOptions global)
    {
        var directory = new Argument<string>("DIR") { Description = "A data directory that no broker has open." };
        var partition = new Option<string?>("--partition") { Description = "Only this partition, such as sensors-0." };
        var acceptLoss = new Option<bool>("--accept-loss")
        {
            Description = "Repair: damaged bytes are copied to lost+found, their offsets stay empty for ever, appends are taken again.",
        };
        var command = new Command("repair",
            "Check every byte and show which offsets are lost (exit 8 when there are any); with --accept-loss repair the partitions.")
        {
            directory, partition, acceptLoss,
        };
        command.SetAction(global.Action(terminal, (parsed, cancellation) =>
        {
            IReadOnlyList<PartitionRepairResult> results = Run(
                parsed.GetValue(directory)!, parsed.GetValue(partition), parsed.GetValue(acceptLoss), cancellation);
            terminal.Table(["PARTITION", "OFFSETS", "LOST", "BYTES", "STATUS", "WHAT"], [.. results.SelectMany(Rows)],
                [.. results.Select(ToJson)]);
            foreach (string kept in results.SelectMany(static r => r.Kept))
            {
                terminal.Say($"The damaged bytes are kept in {kept}.");
            }

            if (results.All(static r => r.Lost.Count == 0 || r.IsRepaired))
            {
                return Task.FromResult(ExitCode.Ok);
            }

            terminal.Say("Nothing was repaired. Restore the files from a copy, or accept the loss with --accept-loss.");
            return Task.FromResult(ExitCode.CheckFailed);
        }));
        return command;
    }

    private static IReadOnlyList<PartitionRepairResult> Run(string path, string? partition, bool acceptLoss, CancellationToken cancellation)
    {
        try
        {
            return LogRepairer.Run(path, partition, acceptLoss, cancellation);
        }
        catch (DirectoryNotFoundException e)
        {
            throw new CliException(ExitCode.NotFound, "NOT_FOUND", e.Message, "name a data directory, and a partition like sensors-0");
        }
    }

    private static IEnumerable<string[]> Rows(PartitionRepairResult result) => result.Lost.Count == 0
        ? [[result.Name, "-", "0", "0", "ok", ""]]
        : result.Lost.Select(lost => new[]
        {
            result.Name, $"{lost.FromOffset}..{lost.ToOffset - 1}", Text(lost.ToOffset - lost.FromOffset), Text(lost.Bytes),
            result.IsRepaired ? "repaired" : "damaged", lost.What,
        });

    private static JsonObject ToJson(PartitionRepairResult result) => new()
    {
        ["partition"] = result.Name,
        ["repaired"] = result.IsRepaired,
        ["log_start_offset"] = result.LogStartOffset,
        ["log_end_offset"] = result.LogEndOffset,
        ["kept"] = new JsonArray([.. result.Kept.Select(static k => JsonValue.Create(k))]),
        ["lost"] = new JsonArray([.. result.Lost.Select(static lost => new JsonObject
        {
            ["from_offset"] = lost.FromOffset, ["to_offset"] = lost.ToOffset, ["bytes"] = lost.Bytes, ["what"] = lost.What,
        })]),
    };

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
