using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using LogQueue.Cli.Output;
using LogQueue.Cli.Parsing;
using LogQueue.Client;
using LogQueue.Client.Admin;
using LogQueue.Records;

namespace LogQueue.Cli.Commands;

/// <summary><c>logqueue replay</c>: reads a span of a topic again, in event time, at a chosen speed.</summary>
internal static class ReplayCommand
{
    public static Command Create(Terminal terminal, GlobalOptions global)
    {
        var topic = new Argument<string>("TOPIC");
        var from = new Option<string>("--from") { Description = "beginning, an offset, or @TIME.", DefaultValueFactory = static _ =>
            "beginning" };
        var to = new Option<string>("--to") { Description = "end (as of now), an offset, or @TIME; exclusive.", DefaultValueFactory =
            static _ => "end" };
        var speed = new Option<string>("--speed") { Description = "10x, 0.5x or max.", DefaultValueFactory = static _ => "1x" };
        var into = new Option<string?>("--into") { Description = "Write into this topic instead of printing." };
        var command = new Command("replay", "Read a span again, keeping the gaps between records, at a chosen speed.") { topic, from, to,
            speed, into };
        command.SetAction(global.Action(terminal, async (parsed, cancellation) =>
        {
            await using LogQueueClient client = global.Connect(parsed);
            TopicDescription source = (await client.Admin.DescribeTopicsAsync([parsed.GetValue(topic)!], cancellation))[0];
            DateTimeOffset now = TimeProvider.System.GetUtcNow();
            StartPosition start = PositionText.Parse(parsed.GetValue(from)!, now);
            Func<ConsumedRecord, bool> before = Before(parsed.GetValue(to)!, now);
            double factor = RateText.ParseSpeed(parsed.GetValue(speed)!);
            string? target = parsed.GetValue(into);
            await using Producer? producer = target is null ? null : client.CreateProducer();
            long count = await RunAsync(terminal, client, source, start, before, factor, producer, target, cancellation);
            if (producer is not null)
            {
                await producer.FlushAsync(cancellation);
                terminal.Table(["FROM", "INTO", "RECORDS"], [[source.Name, target!, Human.Count(count)]],
                    [new JsonObject { ["from"] = source.Name, ["into"] = target, ["records"] = count }]);
            }

            return ExitCode.Ok;
        }));
        return command;
    }

    private static Func<ConsumedRecord, bool> Before(string to, DateTimeOffset now)
    {
        if (to == "end")
        {
            return static _ => true;
        }

        if (to.StartsWith('@') && TimeText.TryParseTime(to[1..], now, out DateTimeOffset time))
        {
            return record => record.Timestamp < time;
        }

        return long.TryParse(to, NumberStyles.None, CultureInfo.InvariantCulture, out long offset)
            ? record => record.Offset < offset
            : throw new CliException(ExitCode.Usage, "USAGE", $"'{to}' is no end", "write end, an offset, @2026-01-31T12:00Z or @-15m");
    }

    private static async Task<long> RunAsync(
        Terminal terminal, LogQueueClient client, TopicDescription source, StartPosition start, Func<ConsumedRecord, bool> before,
            double speed,
        Producer? producer, string? target, CancellationToken cancellation)
    {
        Action<ConsumedRecord> print = producer is null ? ConsumeCommand.Printer(terminal) : static _ => { };
        long started = TimeProvider.System.GetTimestamp();
        long? firstTimestamp = null;
        long count = 0;
        await foreach (ConsumedRecord record in MergeAsync(client, source, start, before, cancellation))
        {
            firstTimestamp ??= record.TimestampMs;
            if (!double.IsInfinity(speed))
            {
                TimeSpan due = TimeSpan.FromMilliseconds((record.TimestampMs - firstTimestamp.Value) / speed)
                    - TimeProvider.System.GetElapsedTime(started);
                if (due > TimeSpan.FromMilliseconds(1))
                {
                    terminal.Live($"{Human.Count(count)} records, event time {Human.Time(record.Timestamp)}");
                    await Task.Delay(due, cancellation);
                }
            }

            print(record);
            if (producer is not null)
            {
                await producer.EnqueueAsync(
                    new OutgoingRecord(target!, record.Key, record.Value) { Timestamp = record.Timestamp, Headers = record.Headers,
                        Partition = null }, cancellation);
            }

            count++;
        }

        terminal.ClearLive();
        if (producer is null && terminal.Format == OutputFormat.Json)
        {
            terminal.Out.WriteLine(count == 0 ? "[]" : "\n]");
        }

        return count;
    }

    /// <summary>All partitions as one stream in the order of their timestamps; the order within a partition is kept.</summary>
    private static async IAsyncEnumerable<ConsumedRecord> MergeAsync(
        LogQueueClient client, TopicDescription source, StartPosition start, Func<ConsumedRecord, bool> before,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var readers = new List<(Consumer Consumer, IAsyncEnumerator<ConsumedRecord> Records)>();
        var heads = new PriorityQueue<int, (long Timestamp, int Partition)>();
        try
        {
            foreach (PartitionDescription partition in source.Partitions)
            {
                Consumer consumer = client.CreateConsumer(new ConsumerOptions
                {
                    Partitions = [new TopicPartition(source.Name, partition.Partition)], Start = start, StopAtEnd = true,
                });
                readers.Add((consumer, consumer.GetAsyncEnumerator(cancellation)));
                await AdvanceAsync(readers.Count - 1);
            }

            while (heads.TryDequeue(out int index, out _))
            {
                yield return readers[index].Records.Current;
                await AdvanceAsync(index);
            }
        }
        finally
        {
            foreach ((Consumer consumer, IAsyncEnumerator<ConsumedRecord> records) in readers)
            {
                await records.DisposeAsync();
                await consumer.DisposeAsync();
            }
        }

        async Task AdvanceAsync(int index)
        {
            if (await readers[index].Records.MoveNextAsync() && before(readers[index].Records.Current))
            {
                heads.Enqueue(index, (readers[index].Records.Current.TimestampMs, index));
            }
        }
    }
}
