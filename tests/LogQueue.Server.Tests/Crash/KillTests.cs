using System.Diagnostics;
using System.Globalization;
using System.Text;
using LogQueue.Client;
using LogQueue.Records;

namespace LogQueue.Server.Tests.Crash;

/// <summary>
/// kill -9 during load, again and again on one data directory, with clients that live on:
/// what was acknowledged stays, once, in order, in its place.
/// 50 times; LOGQUEUE_LONG=1 makes it 10,000; LOGQUEUE_KILLS sets the number. LOGQUEUE_SEED repeats a run's choices.
/// </summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const string Topic = "killed";
    private const string Group = "watchers";
    private const int PartitionCount = 3;
    private const int SenderCount = 4;
    private const int KeysPerSender = 5;
    private const int Window = 64;
    private const int BurstRecords = 6;
    private const int FullCheckEvery = 10;
    private const int PaddingBytes = 600;

    /// <summary>Then the next ones start on a fresh directory, so that the check does not grow without end.</summary>
    private const int KillsPerDirectory = 200;

    private KillLedger _ledger = new(Topic, PartitionCount);
    private readonly List<double> _starts = [];
    private readonly RecordHeader[] _padding = [new("padding", new byte[PaddingBytes])];

    /// <summary>Small segments, so that rolls, several segments and their checkpoints are among what is killed.</summary>
    private static string[] Settings { get; } =
    [
        "--set", "group.initial.rebalance.delay.ms=0", "--set", "log.segment.bytes=1048576", "--set", "offsets.topic.num.partitions=1",
    ];

    [Fact(Timeout = 28_800_000)]
    public async Task Acknowledged_records_survive_kill_minus_nine()
    {
        int kills = int.TryParse(Environment.GetEnvironmentVariable("LOGQUEUE_KILLS"), CultureInfo.InvariantCulture, out int asked) ? asked
            : Environment.GetEnvironmentVariable("LOGQUEUE_LONG") == "1" ? 10_000 : 50;
        int seed = int.TryParse(Environment.GetEnvironmentVariable("LOGQUEUE_SEED"), CultureInfo.InvariantCulture, out int given) ? given
            : Environment.TickCount;
        var random = new Random(seed);
        for (int done = 0; done < kills; done += KillsPerDirectory)
        {
            await RunAsync(Math.Min(KillsPerDirectory, kills - done), random, seed);
        }
    }

    private async Task RunAsync(int cycles, Random random, int seed)
    {
        string directory = Directory.CreateTempSubdirectory("logqueue-kill-").FullName;
        long started = Stopwatch.GetTimestamp();
        _ledger = new KillLedger(Topic, PartitionCount);
        try
        {
            await RunAsync(cycles, random, directory);
            output.WriteLine(
                $"{cycles} kills in {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s, seed {seed}: "
                + $"{_ledger.Acknowledged} acknowledged, {_ledger.Read} read, "
                + $"{_ledger.Commits} commits, {Segments(directory)} segments; "
                + $"start to ready {_starts.Average():0} ms on average, {_starts.Max():0} ms at most");
            Assert.True(_ledger.Acknowledged > cycles * 50, $"only {_ledger.Acknowledged} records were acknowledged: this was no load");
            Assert.True(_ledger.Commits > cycles, $"only {_ledger.Commits} commits were acknowledged: this was no load");
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"seed {seed}, restart {_starts.Count}: {e.Message}", e);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private async Task RunAsync(int cycles, Random random, string directory)
    {
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        ServeProcess broker = await ServeProcess.StartReadyAsync(directory, 0, Settings);
        int port = broker.Port;
        await using LogQueueClient client = LogQueueClient.Connect($"127.0.0.1:{port}");
        await client.Admin.CreateTopicAsync(Topic, PartitionCount, cancellationToken: cancellation);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await using Producer producer = client.CreateProducer(new ProducerOptions { Compression = CompressionType.None });
        Task[] load = [.. Enumerable.Range(0, SenderCount).Select(s => SendAsync(producer, s, stop.Token)), WatchAsync(client, stop.Token)];
        long[] from = new long[PartitionCount];
        try
        {
            for (int cycle = 0; cycle < cycles; cycle++)
            {
                await Task.Delay(random.Next(30, 300), cancellation);
                await broker.KillAsync();
                if (random.Next(8) == 0)
                {
                    // Killed while it recovers, too.
                    broker = ServeProcess.Start(["serve", "--port", $"{port}", "--data", directory, .. Settings]);
                    await Task.Delay(random.Next(50, 600), cancellation);
                    await broker.KillAsync();
                }

                await broker.DisposeAsync();
                broker = await ServeProcess.StartReadyAsync(directory, port, Settings);
                _starts.Add(broker.TimeToReady.TotalMilliseconds);
                long[] ends = _ledger.Ends();
                bool full = cycle % FullCheckEvery == FullCheckEvery - 1;
                await CheckAsync(port, full ? new long[PartitionCount] : from, cancellation);
                from = ends;
                Assert.True(Array.TrueForAll(load, static t => !t.IsCompleted), Failures(load) + broker.Errors);
            }

            await stop.CancelAsync();
            await Task.WhenAll(load);
            await CheckAsync(port, new long[PartitionCount], cancellation);
            Assert.Equal(0, producer.Statistics.RecordsFailed);
            Assert.Equal(_ledger.Acknowledged, _ledger.Read);
        }
        finally
        {
            await broker.DisposeAsync();
            await stop.CancelAsync();
        }
    }

    private static int Segments(string directory) => Directory.GetFiles(directory, "*.log", SearchOption.AllDirectories).Length;

    private static string Failures(Task[] load) =>
        string.Concat(
            load.Where(static t => t.IsCompleted).Select(static t => $"a client gave up: {t.Exception?.InnerException}\n"));

    /// <summary>Checks through a client of its own, so that nothing is taken from a cache.</summary>
    private async Task CheckAsync(int port, long[] from, CancellationToken cancellation)
    {
        await using LogQueueClient client = LogQueueClient.Connect($"127.0.0.1:{port}");
        await _ledger.CheckRecordsAsync(client, from, cancellation);
        await _ledger.CheckCommitsAsync(client, Group, cancellation);
    }

    /// <summary>Sends until told to stop, with a window of records in flight; every failure is the test's failure.</summary>
    private async Task SendAsync(Producer producer, int sender, CancellationToken stop)
    {
        var window = new Queue<(Task<RecordMetadata> Sent, string Value)>();
        for (long number = 0; !stop.IsCancellationRequested; number++)
        {
            string key = $"s{sender}k{number % KeysPerSender}";
            string value = KillLedger.Value(key, number / KeysPerSender);
            var record = new OutgoingRecord(Topic, Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value)) { Headers = _padding };
            window.Enqueue((producer.SendAsync(record, CancellationToken.None).AsTask(), value));
            if (window.Count >= Window)
            {
                await SettleAsync();
            }

            if (number % BurstRecords == 0)
            {
                await Task.Delay(1, CancellationToken.None);
            }

            while (window.TryPeek(out var head) && head.Sent.IsCompleted)
            {
                await SettleAsync();
            }
        }

        while (window.Count > 0)
        {
            await SettleAsync();
        }

        async Task SettleAsync()
        {
            (Task<RecordMetadata> sent, string value) = window.Dequeue();
            _ledger.Acknowledge(await sent, value);
        }
    }

    /// <summary>A member of a group that reads everything and commits often. A commit that fails promised nothing.</summary>
    private async Task WatchAsync(LogQueueClient client, CancellationToken stop)
    {
        await using Consumer consumer = client.CreateConsumer(
            new ConsumerOptions { Group = Group, Topics = [Topic], Start = StartPosition.Beginning, AutoCommit = false });
        var next = new Dictionary<TopicPartition, long>();
        long count = 0;
        try
        {
            await foreach (ConsumedRecord record in consumer.WithCancellation(stop))
            {
                next[record.TopicPartition] = record.Offset + 1;
                if (++count % 200 == 0)
                {
                    var commit = new Dictionary<TopicPartition, long>(next);
                    try
                    {
                        await consumer.CommitAsync(commit, stop);
                        _ledger.Commit(commit);
                    }
                    catch (KafkaException)
                    {
                        // The broker was killed meanwhile, or the group balances: nothing was promised.
                        next.Clear();
                    }
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The end of the test.
        }
    }
}
