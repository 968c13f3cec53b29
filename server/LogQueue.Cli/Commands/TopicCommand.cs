using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using LogQueue.Cli.Output;
using LogQueue.Client;
using LogQueue.Client.Admin;

namespace LogQueue.Cli.Commands;

/// <summary><c>logqueue topic create|list|describe|delete</c>.</summary>
internal static class TopicCommand
{
    public static Command Create(Terminal terminal, GlobalOptions global) => new("topic", "Create, list, describe and delete topics.")
    {
        CreateTopic(terminal, global),
        List(terminal, global),
        Describe(terminal, global),
        Delete(terminal, global),
    };

    private static Command CreateTopic(Terminal terminal, GlobalOptions global)
    {
        var name = new Argument<string>("TOPIC");
        var partitions = new Option<int>("--partitions", "-p") { Description = "Number of partitions; -1 takes the broker's default.",
            DefaultValueFactory = static _ => -1 };
        var configs = new Option<string[]>("--config", "-c") { Description = "A setting, key=value. May be given again.",
            DefaultValueFactory = static _ => [] };
        var command = new Command("create", "Create a topic.") { name, partitions, configs };
        command.SetAction(global.Action(terminal, async (parsed, cancellation) =>
        {
            var settings = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (string pair in parsed.GetValue(configs)!)
            {
                int equals = pair.IndexOf('=', StringComparison.Ordinal);
                settings[equals > 0 ? pair[..equals] : throw new CliException(ExitCode.Usage, "USAGE",
                    $"--config {pair} is not key=value")] = pair[(equals + 1)..];
            }

            await using LogQueueClient client = global.Connect(parsed);
            TopicDescription topic = await client.Admin.CreateTopicAsync(parsed.GetValue(name)!, parsed.GetValue(partitions), settings,
                cancellation);
            string count = topic.Partitions.Count.ToString(CultureInfo.InvariantCulture);
            terminal.Table(
                ["TOPIC", "PARTITIONS", "STATUS"],
                [[topic.Name, count, "created"]],
                [new JsonObject { ["topic"] = topic.Name, ["id"] = topic.Id.ToString(), ["partitions"] = topic.Partitions.Count,
                    ["status"] = "created" }]);
            return ExitCode.Ok;
        }));
        return command;
    }

    private static Command List(Terminal terminal, GlobalOptions global)
    {
        var all = new Option<bool>("--internal") { Description = "Also the internal topics." };
        var command = new Command("list", "List topics with their sizes.") { all };
        command.SetAction(global.Action(terminal, async (parsed, cancellation) =>
        {
            await using LogQueueClient client = global.Connect(parsed);
            IReadOnlyList<TopicSummary> topics = await client.Admin.ListTopicsAsync(parsed.GetValue(all), cancellation);
            IReadOnlyList<TopicDescription> described = topics.Count == 0 ? []
                : await client.Admin.DescribeTopicsAsync([.. topics.Select(static t => t.Name)], cancellation);
            var rows = new List<string[]>();
            var json = new List<JsonNode>();
            foreach (TopicDescription topic in described.OrderBy(static t => t.Name, StringComparer.Ordinal))
            {
                long records = topic.Partitions.Sum(static p => Math.Max(0, p.EndOffset - p.LogStartOffset));
                rows.Add([topic.Name, topic.Partitions.Count.ToString(CultureInfo.InvariantCulture), Human.Count(records)]);
                json.Add(new JsonObject { ["topic"] = topic.Name, ["partitions"] = topic.Partitions.Count, ["records"] = records,
                    ["internal"] = topic.IsInternal });
            }

            terminal.Table(["TOPIC", "PARTITIONS", "RECORDS"], rows, json);
            return ExitCode.Ok;
        }));
        return command;
    }

    private static Command Describe(Terminal terminal, GlobalOptions global)
    {
        var name = new Argument<string>("TOPIC");
        var command = new Command("describe", "Show a topic's partitions and the settings that differ from the defaults.") { name };
        command.SetAction(global.Action(terminal, async (parsed, cancellation) =>
        {
            await using LogQueueClient client = global.Connect(parsed);
            TopicDescription topic = (await client.Admin.DescribeTopicsAsync([parsed.GetValue(name)!], cancellation))[0];
            IReadOnlyList<ConfigEntry> configs = [.. (await client.Admin.DescribeConfigsAsync(topic.Name, cancellation)).Where(static c =>
                !c.IsDefault)];
            if (terminal.Format is OutputFormat.Json or OutputFormat.Ndjson)
            {
                terminal.Json(ToJson(topic, configs));
                return ExitCode.Ok;
            }

            terminal.Say($"{topic.Name}  id {topic.Id}  {topic.Partitions.Count} partitions{string.Concat(configs.Select(static c => $"  {c.Name}={c.Value}"))}");
            terminal.Table(
                ["PARTITION", "LEADER", "EPOCH", "START", "END", "RECORDS"],
                [.. topic.Partitions.Select(static p => new[]
                {
                    p.Partition.ToString(CultureInfo.InvariantCulture), p.LeaderId.ToString(CultureInfo.InvariantCulture),
                    p.LeaderEpoch.ToString(CultureInfo.InvariantCulture), Human.Count(p.LogStartOffset), Human.Count(p.EndOffset),
                        Human.Count(p.EndOffset - p.LogStartOffset),
                })],
                []);
            return ExitCode.Ok;
        }));
        return command;
    }

    private static Command Delete(Terminal terminal, GlobalOptions global)
    {
        var names = new Argument<string[]>("TOPIC") { Arity = ArgumentArity.OneOrMore };
        var command = new Command("delete", "Delete topics and all their records.") { names };
        command.SetAction(global.Action(terminal, async (parsed, cancellation) =>
        {
            await using LogQueueClient client = global.Connect(parsed);
            var rows = new List<string[]>();
            var json = new List<JsonNode>();
            foreach (string name in parsed.GetValue(names)!)
            {
                await client.Admin.DeleteTopicAsync(name, cancellation);
                rows.Add([name, "deleted"]);
                json.Add(new JsonObject { ["topic"] = name, ["status"] = "deleted" });
            }

            terminal.Table(["TOPIC", "STATUS"], rows, json);
            return ExitCode.Ok;
        }));
        return command;
    }

    private static JsonObject ToJson(TopicDescription topic, IReadOnlyList<ConfigEntry> configs)
    {
        var partitions = new JsonArray();
        foreach (PartitionDescription p in topic.Partitions)
        {
            partitions.Add((JsonNode)new JsonObject
            {
                ["partition"] = p.Partition,
                ["leader"] = p.LeaderId,
                ["leader_epoch"] = p.LeaderEpoch,
                ["log_start_offset"] = p.LogStartOffset,
                ["log_end_offset"] = p.EndOffset,
            });
        }

        var settings = new JsonObject();
        foreach (ConfigEntry config in configs)
        {
            settings[config.Name] = config.Value;
        }

        return new JsonObject { ["topic"] = topic.Name, ["id"] = topic.Id.ToString(), ["partitions"] = partitions, ["configs"] = settings };
    }
}
