using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using LogQueue.Cli.Output;
using LogQueue.Cli.Parsing;
using LogQueue.Client;
using LogQueue.Records;

namespace LogQueue.Cli.Commands;

/// <summary><c>logqueue produce</c>: lines of stdin, or the rows of a file, become records.</summary>
internal static class ProduceCommand
{
    /// <summary>Up to this many acknowledgements are shown one by one.</summary>
    private const int ShownRecords = 20;

    public static Command Create(Terminal terminal, GlobalOptions global)
    {
        var topic = new Argument<string>("TOPIC");
        var key = new Option<string?>("--key", "-k") { Description = "Key of every record." };
        var headers = new Option<string[]>("--header", "-H") { Description = "A header, name=value. May be given again.",
            DefaultValueFactory = static _ => [] };
        var from = new Option<string?>("--from") { Description = "A .csv or .ndjson file; without it, lines of stdin." };
        var keyColumn = new Option<string?>("--key-column") { Description = "Column (or field) that is the key." };
        var timeColumn = new Option<string?>("--time-column") { Description = "Column (or field) that is the timestamp." };
        var rate = new Option<string?>("--rate") { Description = "Records a second, for example 500/s." };
        var command = new Command("produce", "Write records from stdin or from a file.") { topic, key, headers, from, keyColumn,
            timeColumn, rate };
        command.SetAction(global.Action(terminal, async (parsed, cancellation) =>
        {
            string name = parsed.GetValue(topic)!;
            string? file = parsed.GetValue(from);
            if (file is not null && !File.Exists(file))
            {
                throw new CliException(ExitCode.NotFound, "FILE_NOT_FOUND", $"there is no file {file}");
            }

            IAsyncEnumerable<OutgoingRecord> records = file is null
                ? RecordSource.ReadLinesAsync(Console.In, name, parsed.GetValue(key))
                : RecordSource.ReadFileAsync(file, name, parsed.GetValue(keyColumn), parsed.GetValue(timeColumn));
            double? perSecond = parsed.GetValue(rate) is { } text ? RateText.ParsePerSecond(text) : null;
            await using LogQueueClient client = global.Connect(parsed);
            return await RunAsync(terminal, client, records, Headers(parsed.GetValue(headers)!), perSecond, cancellation);
        }));
        return command;
    }

    private static RecordHeader[] Headers(string[] pairs) => [.. pairs.Select(static pair =>
    {
        int equals = pair.IndexOf('=', StringComparison.Ordinal);
        return equals > 0
            ? new RecordHeader(pair[..equals], Encoding.UTF8.GetBytes(pair[(equals + 1)..]))
            : throw new CliException(ExitCode.Usage, "USAGE", $"--header {pair} is not name=value");
    })];

    private static async Task<int> RunAsync(
        Terminal terminal, LogQueueClient client, IAsyncEnumerable<OutgoingRecord> records, RecordHeader[] headers, double? perSecond,
            CancellationToken cancellation)
    {
        await using Producer producer = client.CreateProducer();
        long started = TimeProvider.System.GetTimestamp();
        long shown = started;
        var first = new List<Delivery>();
        Delivery last = default;
        long count = 0;
        await foreach (OutgoingRecord record in records.WithCancellation(cancellation))
        {
            if (perSecond is { } rate)
            {
                TimeSpan due = TimeSpan.FromSeconds(count / rate) - TimeProvider.System.GetElapsedTime(started);
                if (due > TimeSpan.FromMilliseconds(2))
                {
                    await Task.Delay(due, cancellation);
                }
            }

            last = await producer.EnqueueAsync(headers.Length == 0 ? record : record with { Headers = headers }, cancellation);
            count++;
            if (first.Count <= ShownRecords)
            {
                first.Add(last);
            }

            if (TimeProvider.System.GetElapsedTime(shown) > TimeSpan.FromMilliseconds(200))
            {
                shown = TimeProvider.System.GetTimestamp();
                double seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
                terminal.Live($"{Human.Count(count)} records, {Human.Count((long)(count / seconds))}/s");
            }
        }

        await producer.FlushAsync(cancellation);
        terminal.ClearLive();
        return await ReportAsync(terminal, producer, first, count, TimeProvider.System.GetElapsedTime(started));
    }

    private static async Task<int> ReportAsync(Terminal terminal, Producer producer, List<Delivery> first, long count, TimeSpan took)
    {
        ProducerStatistics statistics = producer.Statistics;
        var json = new List<JsonNode>();
        var rows = new List<string[]>();
        if (count <= ShownRecords)
        {
            foreach (Delivery delivery in first)
            {
                RecordMetadata where = await delivery.Acknowledged;
                rows.Add([where.Partition.Topic, where.Partition.Partition.ToString(CultureInfo.InvariantCulture),
                    where.Offset.ToString(CultureInfo.InvariantCulture), Human.Time(where.Timestamp)]);
                json.Add(new JsonObject
                {
                    ["topic"] = where.Partition.Topic, ["partition"] = where.Partition.Partition, ["offset"] = where.Offset,
                        ["timestamp"] = Human.Time(where.Timestamp),
                });
            }

            terminal.Table(["TOPIC", "PARTITION", "OFFSET", "TIME"], rows, json);
        }
        else
        {
            terminal.Table(
                ["RECORDS", "FAILED", "SECONDS", "RECORDS/S"],
                [[Human.Count(count), Human.Count(statistics.RecordsFailed), Human.Number(took.TotalSeconds),
                    Human.Count((long)(count / took.TotalSeconds))]],
                [new JsonObject { ["records"] = count, ["failed"] = statistics.RecordsFailed, ["seconds"] = took.TotalSeconds, ["bytes"] =
                    statistics.PayloadBytes }]);
        }

        return statistics.RecordsFailed == 0 ? ExitCode.Ok : statistics.RecordsFailed < count ? ExitCode.PartlyDone : ExitCode.Failed;
    }
}
