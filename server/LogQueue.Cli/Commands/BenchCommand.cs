using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using LogQueue.Cli.Output;
using LogQueue.Cli.Parsing;
using LogQueue.Client;
using LogQueue.Client.Admin;
using LogQueue.LoadTest;
using LogQueue.Records;

namespace LogQueue.Cli.Commands;

/// <summary><c>logqueue bench engine|produce|consume|e2e</c>.</summary>
internal static class BenchCommand
{
    private static readonly double[] Percentiles = [50, 90, 99, 99.9, 100];

    public static Command Create(Terminal terminal, GlobalOptions global) => new("bench",
        "Measure the engine, or a broker (also an Apache Kafka).")
    {
        Load(terminal, global, "engine", "Append to an engine in this process.", 5_000_000, static (_, _, options, cancellation) =>
            EngineLoad.RunAsync(options, cancellation)),
        Load(terminal, global, "produce", "Produce as fast as it goes, or at a rate.", 1_000_000,
            static (client, topic, options, cancellation) =>
            ProduceLoad.RunAsync(client.Value, topic.Name, client.Name, options, cancellation)),
        Load(terminal, global, "consume", "Produce, then consume from the beginning.", 1_000_000, ConsumeAsync),
        Load(terminal, global, "e2e", "Latency from a record's intended time to its receipt; 1000 records/s unless told otherwise.", 10_000,
            static (client, topic, options, cancellation) => EndToEndLoad.RunAsync(client.Value, topic.Partitions, client.Name, options,
                cancellation)),
    };

    private static async Task<LoadReport> ConsumeAsync(Broker broker, BenchTopic topic, LoadOptions options, CancellationToken cancellation)
    {
        await ProduceLoad.RunAsync(broker.Value, topic.Name, broker.Name, options with { RatePerSecond = null, Acks = Acks.Leader,
            WarmUpShare = options.WarmUpShare + 0.1 }, cancellation);
        return await ConsumeLoad.RunAsync(broker.Value, topic.Partitions, broker.Name, options, cancellation);
    }

    private static Command Load(
        Terminal terminal, GlobalOptions global, string name, string description, long defaultRecords,
        Func<Broker, BenchTopic, LoadOptions, CancellationToken, Task<LoadReport>> run)
    {
        var size = new Option<int>("--size") { Description = "Bytes of a value.", DefaultValueFactory = static _ => 100 };
        var records = new Option<long>("--records") { Description = "Records measured.", DefaultValueFactory = _ => defaultRecords };
        var rate = new Option<string?>("--rate") { Description = "Records a second, for example 50k/s; open loop." };
        var compression = new Option<CompressionType>("--compression") { Description = "none, gzip, snappy, lz4 or zstd.",
            DefaultValueFactory = static _ => CompressionType.None };
        var acks = new Option<string>("--acks") { Description = "all, 1 or 0.", DefaultValueFactory = static _ => "all" };
        var partitions = new Option<int>("--partitions") { Description = "Partitions of the topic.", DefaultValueFactory = static _ => 1 };
        var command = new Command(name, description) { size, records, rate, compression, acks, partitions };
        command.SetAction(global.Action(terminal, async (parsed, cancellation) =>
        {
            var options = new LoadOptions
            {
                ValueBytes = parsed.GetValue(size),
                Records = parsed.GetValue(records),
                RatePerSecond = parsed.GetValue(rate) is { } text ? RateText.ParsePerSecond(text) : null,
                Compression = parsed.GetValue(compression),
                Acks = ParseAcks(parsed.GetValue(acks)!),
                PartitionCount = parsed.GetValue(partitions),
            };
            if (options.Validate() is [var problem, ..])
            {
                throw new CliException(ExitCode.Usage, "USAGE", problem);
            }

            terminal.Live($"bench {name} runs");
            LoadReport report = name == "engine"
                ? await run(default, default, options, cancellation)
                : await WithTopicAsync(global, parsed, options, (broker, topic) => run(broker, topic, options, cancellation), cancellation);
            terminal.ClearLive();
            Print(terminal, report);
            return ExitCode.Ok;
        }));
        return command;
    }

    private static Acks ParseAcks(string text) => text switch
    {
        "all" or "-1" => Acks.All,
        "1" => Acks.Leader,
        "0" => Acks.None,
        _ => throw new CliException(ExitCode.Usage, "USAGE", $"'{text}' is no acks", "write all, 1 or 0"),
    };

    /// <summary>A topic of its own for the run, deleted afterwards.</summary>
    private static async Task<LoadReport> WithTopicAsync(
        GlobalOptions global, ParseResult parsed, LoadOptions options, Func<Broker, BenchTopic, Task<LoadReport>> run,
            CancellationToken cancellation)
    {
        await using LogQueueClient client = global.Connect(parsed);
        string name = $"bench-{Environment.ProcessId}-{TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()}";
        TopicDescription topic = await client.Admin.CreateTopicAsync(name, options.PartitionCount, cancellationToken: cancellation);
        try
        {
            return await run(
                new Broker(client, parsed.GetValue(global.Bootstrap)!),
                new BenchTopic(name, [.. topic.Partitions.Select(p => new TopicPartition(name, p.Partition))]));
        }
        finally
        {
            await client.Admin.DeleteTopicAsync(name, CancellationToken.None);
        }
    }

    private static void Print(Terminal terminal, LoadReport report)
    {
        var json = new JsonObject { ["name"] = report.Name };
        foreach ((string key, string value) in report.Settings)
        {
            json[key] = value;
        }

        json["records"] = report.Records;
        json["seconds"] = report.Took.TotalSeconds;
        json["records_per_second"] = report.RecordsPerSecond;
        json["mb_per_second"] = report.MegabytesPerSecond;
        json["cpu_us_per_record"] = report.CpuMicrosPerRecord;
        json["allocated_bytes_per_record"] = report.AllocatedBytes / (double)report.Records;
        json["resident_bytes"] = report.ResidentBytes;
        var rows = new List<string[]>(report.Settings.Select(static s => new[] { s.Key, s.Value }))
        {
            new[] { "records", Human.Count(report.Records) },
            new[] { "time", string.Create(CultureInfo.InvariantCulture, $"{report.Took.TotalSeconds:0.00} s") },
            new[] { "throughput", string.Create(CultureInfo.InvariantCulture,
                $"{report.RecordsPerSecond:N0} records/s, {report.MegabytesPerSecond:N1} MB/s") },
            new[] { "cpu", string.Create(CultureInfo.InvariantCulture, $"{report.CpuMicrosPerRecord:0.000} us a record in this process") },
            new[] { "allocated",
                string.Create(CultureInfo.InvariantCulture,
                $"{report.AllocatedBytes / (double)report.Records:0.0} B a record in this process") },
            new[] { "memory", Human.Bytes(report.ResidentBytes) },
        };
        if (report.LatencyMicros is { TotalCount: > 0 } latency)
        {
            var percentiles = new JsonObject();
            foreach (double percentile in Percentiles)
            {
                string label = percentile >= 100 ? "max" : string.Create(CultureInfo.InvariantCulture, $"p{percentile}");
                double micros = latency.GetValueAtPercentile(percentile);
                percentiles[label] = micros;
                rows.Add([$"latency {label}", Human.Milliseconds(micros / 1000)]);
            }

            json["latency_us"] = percentiles;
        }

        terminal.Table(["MEASURE", "VALUE"], rows, [json]);
    }

    private readonly record struct Broker(LogQueueClient Value, string Name);

    private readonly record struct BenchTopic(string Name, IReadOnlyList<TopicPartition> Partitions);
}
