using System.CommandLine;
using System.Text.Json.Nodes;
using LogQueue.Cli.Output;
using LogQueue.Engine;
using LogQueue.Engine.Inspection;
using LogQueue.Engine.Partitions;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Storage;

namespace LogQueue.Cli.Commands;

/// <summary><c>logqueue log import</c>: appends what <c>export</c> wrote, straight into a data directory that no broker uses.</summary>
internal static class LogImportCommand
{
    private const int RecordsOfABatch = 1000;
    private const int MostBytesOfABatch = 512 << 10;
    private const int BatchesInFlight = 8;

    public static Command Create(Terminal terminal, GlobalOptions global)
    {
        var directory = new Argument<string>("DIR") { Description = "A data directory; made when it is missing." };
        var partition = new Argument<string>("TOPIC-PARTITION") { Description = "Where the records go, such as sensors-0." };
        var file = new Option<string?>("--file", "-f") { Description = "Read this file (.ndjson or .csv), not stdin." };
        var partitions = new Option<int>("--partitions")
        {
            Description = "Partitions of the topic, if it has to be created; 0 for just enough.",
            DefaultValueFactory = static _ => 0,
        };
        var configs = new Option<string[]>("--config", "-c") { Description = "Setting of the topic, if it has to be created: key=value." };
        var command = new Command("import",
            "Append records from ndjson (or csv: --output csv) to a partition; creates the topic, keeps the timestamps. Offline.")
        {
            directory, partition, file, partitions, configs,
        };
        command.SetAction(global.Action(terminal, async (parsed, cancellation) =>
        {
            string name = parsed.GetValue(partition)!;
            if (!LogPaths.TrySplit(name, out string topic, out int number))
            {
                throw new CliException(ExitCode.Usage, "USAGE", $"'{name}' is no partition", "write TOPIC-NUMBER, such as sensors-0");
            }

            string? source = parsed.GetValue(file);
            if (source is not null && !File.Exists(source))
            {
                throw new CliException(ExitCode.NotFound, "NOT_FOUND", $"there is no file {source}");
            }

            bool csv = terminal.Format == OutputFormat.Csv || source?.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) == true;
            IReadOnlyDictionary<string, string> settings = Settings(parsed.GetValue(configs) ?? []);
            await using LogEngine engine = await LogEngine.OpenAsync(
                new LogEngineOptions { DataDirectory = parsed.GetValue(directory)! }, cancellation);
            Partition target = await FindAsync(terminal, engine, topic, number, parsed.GetValue(partitions), settings, cancellation);
            using TextReader input = source is null ? Console.In : new StreamReader(source);
            var progress = new InspectionProgress(source is null ? 0 : new FileInfo(source).Length);
            long first = target.LogEndOffset;
            long count = await LogProgress.ShowAsync(terminal, "import", progress,
                Task.Run(() => AppendAllAsync(target, input, csv, source ?? "stdin", progress, cancellation), cancellation));
            Tell(terminal, name, first, count);
            return ExitCode.Ok;
        }));
        return command;
    }

    private static async Task<Partition> FindAsync(Terminal terminal, LogEngine engine, string topic, int number, int partitions,
        IReadOnlyDictionary<string, string> settings, CancellationToken ct)
    {
        if (!engine.TryGetTopic(topic, out Topic? found))
        {
            found = await engine.CreateTopicAsync(topic, Math.Max(partitions, number + 1), settings, ct);
            terminal.Say($"topic {topic} created with {found.Partitions.Count} partition{(found.Partitions.Count == 1 ? "" : "s")}");
        }
        else if (found.IsInternal)
        {
            throw new CliException(ExitCode.Usage, "USAGE", $"{topic} is an internal topic", "records cannot be imported into it");
        }

        if (number >= found.Partitions.Count)
        {
            throw new CliException(ExitCode.NotFound, "UNKNOWN_TOPIC_OR_PARTITION",
                $"topic {topic} has {found.Partitions.Count} partitions, none of number {number}", "0 is the first");
        }

        if (found.Config.TimestampType == TimestampType.LogAppendTime)
        {
            terminal.Say($"topic {topic} has message.timestamp.type=LogAppendTime: the records get the time of this import");
        }

        return found.Partitions[number];
    }

    private static async Task<long> AppendAllAsync(Partition target, TextReader input, bool csv, string source, InspectionProgress progress,
        CancellationToken ct)
    {
        IReadOnlyList<string> columns = csv ? Csv.Split(await input.ReadLineAsync(ct) ?? "") : [];
        if (csv && !columns.Contains("value"))
        {
            throw new CliException(ExitCode.Failed, "BAD_INPUT", $"{source}:1: no column named value", $"the header is {RecordLine.CsvHeader}");
        }

        int mostBytes = Math.Min(MostBytesOfABatch, target.Topic.Config.MaxMessageBytes / 2);
        var inFlight = new Queue<Task<AppendResult>>();
        var batch = new List<NewRecord>();
        long count = 0;
        long durable = 0;
        int bytes = 0;
        for (long line = csv ? 2 : 1; await input.ReadLineAsync(ct) is { } text; line++)
        {
            if (text.Length == 0)
            {
                continue;
            }

            NewRecord record = Parse(text, csv, columns, source, line, durable);
            batch.Add(record);
            bytes += text.Length;
            progress.Advance(text.Length + 1);
            count++;
            if (batch.Count >= RecordsOfABatch || bytes >= mostBytes)
            {
                await SendAsync();
            }
        }

        await SendAsync();
        while (inFlight.Count > 0)
        {
            durable += await DoneAsync(inFlight.Dequeue());
        }

        return count;

        async Task SendAsync()
        {
            if (batch.Count > 0)
            {
                inFlight.Enqueue(target.AppendAsync(batch, ct).AsTask());
                batch = [];
                bytes = 0;
            }

            while (inFlight.Count > BatchesInFlight)
            {
                durable += await DoneAsync(inFlight.Dequeue());
            }
        }

        async Task<long> DoneAsync(Task<AppendResult> appending)
        {
            AppendResult result = await appending;
            return result.Status == AppendStatus.Appended
                ? result.NextOffset - result.BaseOffset
                : throw new CliException(ExitCode.PartlyDone, "REFUSED",
                    $"{target.Id.Topic}-{target.Id.Partition} refused records ({result.Status}): {result.Detail}",
                    $"{durable} records before them were imported");
        }
    }

    private static NewRecord Parse(string text, bool csv, IReadOnlyList<string> columns, string source, long line, long durable)
    {
        try
        {
            return csv ? RecordLine.FromCsv(columns, text) : RecordLine.FromNdjson(text);
        }
        catch (FormatException e)
        {
            throw new CliException(ExitCode.Failed, "BAD_INPUT", $"{source}:{line}: {e.Message}",
                durable > 0 ? $"at least {durable} records before it were imported" : null);
        }
    }

    private static Dictionary<string, string> Settings(string[] pairs)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string pair in pairs)
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new CliException(ExitCode.Usage, "USAGE", $"'{pair}' is no setting", "write key=value");
            }

            settings[pair[..equals]] = pair[(equals + 1)..];
        }

        return settings;
    }

    private static void Tell(Terminal terminal, string partition, long first, long count)
    {
        if (terminal.Format is OutputFormat.Json or OutputFormat.Ndjson)
        {
            terminal.JsonLine(new JsonObject { ["partition"] = partition, ["records"] = count, ["first_offset"] = first });
        }
        else
        {
            terminal.Say($"{partition}: {Human.Count(count)} records imported, from offset {first}");
        }
    }
}
