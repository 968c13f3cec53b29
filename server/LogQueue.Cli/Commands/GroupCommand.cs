using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using LogQueue.Cli.Output;
using LogQueue.Cli.Parsing;
using LogQueue.Client;
using LogQueue.Client.Admin;
using LogQueue.Records;

namespace LogQueue.Cli.Commands;

/// <summary><c>logqueue group list|describe|reset|delete</c>.</summary>
internal static class GroupCommand
{
    public static Command Create(Terminal terminal, GlobalOptions global) => new("group",
        "List, describe, reset and delete consumer groups.")
    {
        List(terminal, global),
        Describe(terminal, global),
        Reset(terminal, global),
        Delete(terminal, global),
    };

    private static Command List(Terminal terminal, GlobalOptions global)
    {
        var command = new Command("list", "List groups.");
        command.SetAction(global.Action(terminal, async (parsed, cancellation) =>
        {
            await using LogQueueClient client = global.Connect(parsed);
            IReadOnlyList<GroupSummary> groups = [.. (await client.Admin.ListGroupsAsync(cancellation)).OrderBy(static g => g.GroupId,
                StringComparer.Ordinal)];
            terminal.Table(
                ["GROUP", "STATE", "PROTOCOL"],
                [.. groups.Select(static g => new[] { g.GroupId, g.State, g.ProtocolType })],
                [.. groups.Select(static g => new JsonObject { ["group"] = g.GroupId, ["state"] = g.State, ["protocol_type"] =
                    g.ProtocolType })]);
            return ExitCode.Ok;
        }));
        return command;
    }

    private static Command Describe(Terminal terminal, GlobalOptions global)
    {
        var name = new Argument<string>("GROUP");
        var command = new Command("describe", "Show a group's members, committed offsets and lag.") { name };
        command.SetAction(global.Action(terminal, async (parsed, cancellation) =>
        {
            string group = parsed.GetValue(name)!;
            await using LogQueueClient client = global.Connect(parsed);
            GroupDescription description = (await client.Admin.DescribeGroupsAsync([group], cancellation))[0];
            IReadOnlyDictionary<TopicPartition, GroupOffset> offsets = await client.Admin.ListGroupOffsetsAsync(group, cancellation);
            if (description.State == "Dead" && offsets.Count == 0)
            {
                throw new CliException(ExitCode.NotFound, "GROUP_ID_NOT_FOUND", $"there is no group {group}",
                    "`logqueue group list` shows those there are");
            }

            IReadOnlyDictionary<TopicPartition, OffsetFound> ends = offsets.Count == 0
                ? new Dictionary<TopicPartition, OffsetFound>()
                : await client.Admin.ListOffsetsAsync([.. offsets.Keys], OffsetSpec.Latest, cancellation);
            var rows = new List<string[]>();
            var json = new List<JsonNode>();
            foreach ((TopicPartition partition, GroupOffset committed) in offsets.OrderBy(static o => o.Key.Topic,
                StringComparer.Ordinal).ThenBy(static o => o.Key.Partition))
            {
                long end = ends[partition].Offset;
                string member = description.Members.FirstOrDefault(m => m.Assignment.Contains(partition))?.MemberId ?? "-";
                rows.Add([partition.Topic, partition.Partition.ToString(CultureInfo.InvariantCulture), Human.Count(committed.Offset),
                    Human.Count(end), Human.Count(end - committed.Offset), member]);
                json.Add(new JsonObject
                {
                    ["group"] = group,
                    ["state"] = description.State,
                    ["topic"] = partition.Topic,
                    ["partition"] = partition.Partition,
                    ["committed"] = committed.Offset,
                    ["end"] = end,
                    ["lag"] = end - committed.Offset,
                    ["member"] = member,
                });
            }

            terminal.Say($"{group}  state {description.State}  members {description.Members.Count}  assignor {(description.Assignor.Length == 0 ? "-" : description.Assignor)}");
            terminal.Table(["TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "MEMBER"], rows, json);
            return ExitCode.Ok;
        }));
        return command;
    }

    private static Command Reset(Terminal terminal, GlobalOptions global)
    {
        var name = new Argument<string>("GROUP");
        var topic = new Option<string>("--topic", "-t") { Description = "Topic whose offsets move.", Required = true };
        var to = new Option<string>("--to") { Description = "beginning, end, an offset, or @TIME.", Required = true };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do it; without this only the plan is shown." };
        var command = new Command("reset", "Move a group's committed offsets; shows the plan, does it with --yes.") { name, topic, to,
            yes };
        command.SetAction(global.Action(terminal, async (parsed, cancellation) =>
        {
            string group = parsed.GetValue(name)!;
            await using LogQueueClient client = global.Connect(parsed);
            TopicDescription description = (await client.Admin.DescribeTopicsAsync([parsed.GetValue(topic)!], cancellation))[0];
            GroupDescription members = (await client.Admin.DescribeGroupsAsync([group], cancellation))[0];
            if (members.Members.Count > 0)
            {
                throw new CliException(ExitCode.Failed, "NON_EMPTY_GROUP", $"group {group} has {members.Members.Count} live members",
                    "stop them first");
            }

            Dictionary<TopicPartition, long> plan = await PlanAsync(client, description, parsed.GetValue(to)!, cancellation);
            IReadOnlyDictionary<TopicPartition, GroupOffset> current = await client.Admin.ListGroupOffsetsAsync(group, cancellation);
            bool apply = parsed.GetValue(yes);
            if (apply)
            {
                await client.Admin.AlterGroupOffsetsAsync(group, plan, cancellation);
            }

            string status = apply ? "moved" : "planned";
            terminal.Table(
                ["TOPIC", "PARTITION", "FROM", "TO", "STATUS"],
                [.. plan.Select(p => new[]
                {
                    p.Key.Topic, p.Key.Partition.ToString(CultureInfo.InvariantCulture),
                    current.TryGetValue(p.Key, out GroupOffset? from) ? Human.Count(from.Offset) : "-", Human.Count(p.Value), status,
                })],
                [.. plan.Select(p => new JsonObject
                {
                    ["topic"] = p.Key.Topic, ["partition"] = p.Key.Partition,
                    ["from"] = current.TryGetValue(p.Key, out GroupOffset? from) ? from.Offset : null, ["to"] = p.Value, ["status"] =
                        status,
                })]);
            if (!apply)
            {
                terminal.Say("nothing was changed: add --yes to do it");
            }

            return ExitCode.Ok;
        }));
        return command;
    }

    private static async Task<Dictionary<TopicPartition, long>> PlanAsync(LogQueueClient client, TopicDescription topic, string to,
        CancellationToken cancellation)
    {
        Dictionary<TopicPartition, PartitionDescription> partitions = topic.Partitions.ToDictionary(p =>
            new TopicPartition(topic.Name, p.Partition));
        if (to.StartsWith('@'))
        {
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            if (!TimeText.TryParseTime(to[1..], now, out DateTimeOffset time))
            {
                throw new CliException(ExitCode.Usage, "USAGE", $"'{to}' is no time", "write @2026-01-31T12:00Z or @-15m");
            }

            IReadOnlyDictionary<TopicPartition, OffsetFound> found = await client.Admin.ListOffsetsAsync([.. partitions.Keys],
                OffsetSpec.At(time), cancellation);
            return partitions.ToDictionary(static p => p.Key, p => found[p.Key].Offset < 0 ? p.Value.EndOffset : found[p.Key].Offset);
        }

        return partitions.ToDictionary(static p => p.Key, p => to switch
        {
            "beginning" => p.Value.LogStartOffset,
            "end" => p.Value.EndOffset,
            _ when long.TryParse(to, NumberStyles.None, CultureInfo.InvariantCulture, out long offset) =>
                Math.Clamp(offset, p.Value.LogStartOffset, p.Value.EndOffset),
            _ => throw new CliException(ExitCode.Usage, "USAGE", $"'{to}' is no position", "write beginning, end, an offset or @TIME"),
        });
    }

    private static Command Delete(Terminal terminal, GlobalOptions global)
    {
        var name = new Argument<string>("GROUP");
        var command = new Command("delete", "Delete a group without members and its committed offsets.") { name };
        command.SetAction(global.Action(terminal, async (parsed, cancellation) =>
        {
            string group = parsed.GetValue(name)!;
            await using LogQueueClient client = global.Connect(parsed);
            await client.Admin.DeleteGroupAsync(group, cancellation);
            terminal.Table(["GROUP", "STATUS"], [[group, "deleted"]], [new JsonObject { ["group"] = group, ["status"] = "deleted" }]);
            return ExitCode.Ok;
        }));
        return command;
    }
}
