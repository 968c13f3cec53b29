using System.CommandLine;
using System.Globalization;
using LogQueue.Cli.Output;
using LogQueue.Cli.Parsing;
using LogQueue.Client;

namespace LogQueue.Cli.Commands;

/// <summary><c>logqueue consume</c>: prints records, from where it is told, until a count or Ctrl-C.</summary>
internal static class ConsumeCommand
{
    private static readonly TimeSpan CommitInterval = TimeSpan.FromSeconds(1);

    public static Command Create(Terminal terminal, GlobalOptions global)
    {
        var topic = new Argument<string>("TOPIC");
        var group = new Option<string?>("--group", "-g") { Description =
            "Consumer group: shares the partitions, commits what was printed." };
        var from = new Option<string>("--offset", "-o") { Description = "beginning, end, N, -N, @TIME or @-15m.", DefaultValueFactory =
            static _ => "beginning" };
        var count = new Option<long>("--count", "-n") { Description = "Stop after this many records.", DefaultValueFactory = static _ =>
            long.MaxValue };
        var exit = new Option<bool>("--exit", "-e") { Description = "Stop at the end that the topic has now." };
        var command = new Command("consume", "Print records.") { topic, group, from, count, exit };
        command.SetAction(global.Action(terminal, async (parsed, cancellation) =>
        {
            string name = parsed.GetValue(topic)!;
            await using LogQueueClient client = global.Connect(parsed);
            await client.Admin.DescribeTopicsAsync([name], cancellation);
            var options = new ConsumerOptions
            {
                Topics = [name],
                Group = parsed.GetValue(group),
                Start = PositionText.Parse(parsed.GetValue(from)!, TimeProvider.System.GetUtcNow()),
                StopAtEnd = parsed.GetValue(exit),
                AutoCommit = false,
            };
            return await RunAsync(terminal, client, options, parsed.GetValue(count), cancellation);
        }));
        return command;
    }

    /// <summary>Prints the header, if the format has one, and gives the writer of one record.</summary>
    public static Action<ConsumedRecord> Printer(Terminal terminal)
    {
        bool first = true;
        switch (terminal.Format)
        {
            case OutputFormat.Json:
                return record =>
                {
                    terminal.Out.Write(first ? "[\n" : ",\n");
                    terminal.Out.Write(RecordText.ToJson(record).ToJsonString());
                    first = false;
                };
            case OutputFormat.Ndjson:
                return record => terminal.JsonLine(RecordText.ToJson(record));
            case OutputFormat.Csv:
                terminal.Out.WriteLine("time,partition,offset,key,value");
                return record => terminal.Out.WriteLine(Csv.Line(Cells(record)));
            default:
                return record => terminal.Out.WriteLine(string.Join('\t', Cells(record)));
        }
    }

    private static string[] Cells(ConsumedRecord record) =>
    [
        Human.Time(record.Timestamp), record.Partition.ToString(CultureInfo.InvariantCulture),
            record.Offset.ToString(CultureInfo.InvariantCulture),
        RecordText.Show(record.Key, ""), RecordText.Show(record.Value, "<tombstone>"),
    ];

    private static async Task<int> RunAsync(Terminal terminal, LogQueueClient client, ConsumerOptions options, long count,
        CancellationToken cancellation)
    {
        await using Consumer consumer = client.CreateConsumer(options);
        Action<ConsumedRecord> print = Printer(terminal);
        ConsumedRecord? last = null;
        var next = new Dictionary<Records.TopicPartition, long>();
        long lastCommit = TimeProvider.System.GetTimestamp();
        long printed = 0;
        try
        {
            if (count > 0)
            {
                await foreach (ConsumedRecord record in consumer.WithCancellation(cancellation))
                {
                    print(record);
                    last = record;
                    next[record.TopicPartition] = record.Offset + 1;
                    if (options.Group is not null && TimeProvider.System.GetElapsedTime(lastCommit) > CommitInterval)
                    {
                        await consumer.CommitAsync(next, cancellation);
                        lastCommit = TimeProvider.System.GetTimestamp();
                    }

                    if (++printed >= count)
                    {
                        break;
                    }
                }
            }

            if (options.Group is not null && last is not null)
            {
                await consumer.CommitAsync(next, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            terminal.Say(last is null ? "interrupted before the first record"
                : $"interrupted; go on with -o {last.Offset + 1} (partition {last.Partition})");
            return ExitCode.Interrupted;
        }
        finally
        {
            if (terminal.Format == OutputFormat.Json)
            {
                terminal.Out.WriteLine(printed == 0 ? "[]" : "\n]");
            }

            terminal.Out.Flush();
        }

        return ExitCode.Ok;
    }
}
