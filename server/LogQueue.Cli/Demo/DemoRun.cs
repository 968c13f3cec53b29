using System.Diagnostics;
using LogQueue.Cli.Output;
using LogQueue.Client;
using LogQueue.Client.Admin;
using LogQueue.Engine;
using LogQueue.Engine.Topics;
using LogQueue.Records;
using LogQueue.Server;

namespace LogQueue.Cli.Demo;

/// <summary>The main job from end to end: a broker in this process, the real client over the real socket, and proofs. One use.</summary>
internal sealed class DemoRun(Terminal terminal, string dataDirectory)
{
    private const string Sensors = "sensors";
    private const string Weather = "weather";
    private const string Means = "weather-daily-means";
    private const string BurstTopic = "burst";
    private const int SamplesPerSecond = 20;
    private const int PartitionCount = 4;
    private static readonly TimeSpan LiveLength = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan WeatherLength = TimeSpan.FromSeconds(4);

    public async Task<int> RunAsync(bool keep, CancellationToken cancellation)
    {
        long started = TimeProvider.System.GetTimestamp();
        await using LogEngine engine = await LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = dataDirectory }, cancellation);
        await using LogQueueServer server = await LogQueueServer.StartAsync(new ServerOptions { Port = 0, GroupInitialRebalanceDelayMs =
            0 }, engine, cancellation);
        terminal.Out.WriteLine($"broker on {server.AdvertisedAddress}, ready in {TimeProvider.System.GetElapsedTime(started).TotalMilliseconds:0} ms, data in {Path.GetFullPath(dataDirectory)}");

        await using LogQueueClient client = LogQueueClient.Connect(server.AdvertisedAddress,
            new ClientOptions { ClientId = "logqueue-demo" });
        int run = await CreateTopicsAsync(client, cancellation);
        long storedBefore = Stored(engine, Sensors) + Stored(engine, Weather);
        var facts = new DemoFacts { CpuAtStart = Process.GetCurrentProcess().TotalProcessorTime, StartTimestamp = started };
        TopicPartition[] tailed = [.. Partitions(Sensors), .. Partitions(Weather)];
        await using var tail = new LiveTail(client, tailed);
        await using var means = new DailyMeans(client, Weather, Means);
        await using Producer producer = client.CreateProducer();
        var sensors = new ReadingSender(producer, Sensors);
        var weather = new ReadingSender(producer, Weather);
        await tail.WaitUntilPositionedAsync(tailed, cancellation);

        terminal.Say($"run {run + 1}: streaming this machine's sensors at {SamplesPerSecond}/s for {LiveLength.TotalSeconds:0} s, and a year of weather ({WeatherYear.SensorCount} sensors, hourly)");
        List<SensorReading> year = WeatherYear.Load(run);
        await StreamAsync(sensors, weather, year, tail, means, facts, cancellation);
        await SettleAsync(sensors, weather, tail, facts, cancellation);
        facts.PayloadBytes = producer.Statistics.PayloadBytes;
        facts.SentStoredBytes = Stored(engine, Sensors) + Stored(engine, Weather) - storedBefore;

        bool streamed = await means.WaitForAsync(LastTimes(year), TimeSpan.FromSeconds(10), cancellation);
        facts.Checks.Add(tail.Received >= facts.Sent
            ? new CheckResult("every record sent was received", true, $"{Human.Count(facts.Sent)} records")
            : new CheckResult("every record sent was received", false, $"{tail.Received} of {facts.Sent}"));
        facts.Checks.Add(streamed ? means.Check(year) : new CheckResult("daily means", false,
            "the stream application did not reach the end of its input"));
        facts.Checks.Add(await ReplayCheck.FromOffsetAsync(client, Sensors, sensors.Sent, cancellation));
        facts.Checks.Add(await ReplayCheck.FromOffsetAsync(client, Weather, weather.Sent, cancellation));
        facts.Checks.Add(await ReplayCheck.FromTimeAsync(client, Weather, weather.Sent, year[year.Count / 2].Time, cancellation));

        terminal.Say("measuring throughput");
        facts.Burst = await Burst.RunAsync(client, BurstTopic, Partitions(BurstTopic), cancellation);
        facts.Checks.Add(new CheckResult("burst: all stored, all received", facts.Burst is { Failed: 0 } b && b.Received == b.Sent,
            $"{Human.Count(facts.Burst.Sent)} records"));
        facts.EndTimestamp = TimeProvider.System.GetTimestamp();
        new DemoReport(terminal, facts, tail, means, server.AdvertisedAddress, dataDirectory).Print();
        if (keep)
        {
            await KeepAsync(sensors, tail, server.AdvertisedAddress, cancellation);
        }

        return facts.Checks.All(static c => c.Held) ? ExitCode.Ok : ExitCode.CheckFailed;
    }

    private static TopicPartition[] Partitions(string topic) => [.. Enumerable.Range(0, PartitionCount).Select(p =>
        new TopicPartition(topic, p))];

    private static long Stored(LogEngine engine, string topic) => engine.TryGetTopic(topic, out Topic? found)
        ? found.Partitions.Sum(static p => p.SizeBytes) : 0;

    private static Dictionary<string, long> LastTimes(List<SensorReading> year) =>
        year.GroupBy(static r => r.Sensor).ToDictionary(static s => s.Key, static s => s.Max(static r => r.Time.ToUnixTimeMilliseconds()));

    /// <summary>Creates what is missing and says how many runs this directory has seen.</summary>
    private static async Task<int> CreateTopicsAsync(LogQueueClient client, CancellationToken cancellation)
    {
        HashSet<string> existing = [.. (await client.Admin.ListTopicsAsync(cancellationToken: cancellation)).Select(static t => t.Name)];
        foreach ((string topic, string key, string value) in ((string, string, string)[])
            [(Sensors, "retention.ms", "604800000"), (Weather, "retention.ms", "-1"), (Means, "retention.ms", "-1"),
                (BurstTopic, "retention.bytes", "67108864")])
        {
            if (!existing.Contains(topic))
            {
                await client.Admin.CreateTopicAsync(topic, PartitionCount, new Dictionary<string, string> { [key] = value }, cancellation);
            }
        }

        TopicDescription weather = (await client.Admin.DescribeTopicsAsync([Weather], cancellation))[0];
        return (int)(weather.Partitions.Sum(static p => p.EndOffset) / WeatherYear.Load(0).Count);
    }

    private async Task StreamAsync(
        ReadingSender sensors, ReadingSender weather, List<SensorReading> year, LiveTail tail, DailyMeans means, DemoFacts facts,
            CancellationToken cancellation)
    {
        var machine = new MachineSensors(TimeProvider.System);
        long start = TimeProvider.System.GetTimestamp();
        int samples = (int)(LiveLength.TotalSeconds * SamplesPerSecond);
        int nextWeather = 0;
        for (int sample = 0; sample < samples; sample++)
        {
            TimeSpan wait = TimeSpan.FromSeconds((double)sample / SamplesPerSecond) - TimeProvider.System.GetElapsedTime(start);
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, cancellation);
            }

            foreach (SensorReading reading in machine.Sample())
            {
                await sensors.SendAsync(reading, cancellation);
                facts.Sent++;
            }

            int due = (int)Math.Min(year.Count, year.Count * TimeProvider.System.GetElapsedTime(start) / WeatherLength);
            due = sample == samples - 1 ? year.Count : due;
            for (; nextWeather < due; nextWeather++)
            {
                await weather.SendAsync(year[nextWeather], cancellation);
                facts.Sent++;
            }

            facts.MostLag = Math.Max(facts.MostLag, facts.Sent - tail.Received);
            string progress = $"{Human.Count(facts.Sent)} sent  {Human.Count(tail.Received)} received  lag {Human.Count(facts.Sent - tail.Received)}  "
                + $"p50 {Human.Milliseconds(tail.LatencyMs(50))}  {Human.Count(means.WindowCount)} daily means";
            terminal.Live(progress);
            if (!terminal.IsLive && (sample + 1) % SamplesPerSecond == 0)
            {
                terminal.Say(progress);
            }
        }

        terminal.ClearLive();
    }

    private static async Task SettleAsync(ReadingSender sensors, ReadingSender weather, LiveTail tail, DemoFacts facts,
        CancellationToken cancellation)
    {
        await sensors.SettleAsync(cancellation);
        await weather.SettleAsync(cancellation);
        long start = TimeProvider.System.GetTimestamp();
        while (tail.Received < facts.Sent && TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromSeconds(10))
        {
            await Task.Delay(5, cancellation);
        }

        facts.FinalLag = facts.Sent - tail.Received;
    }

    private async Task KeepAsync(ReadingSender sensors, LiveTail tail, string address, CancellationToken cancellation)
    {
        terminal.Say($"still streaming to {Sensors} on {address}; Ctrl-C stops it");
        var machine = new MachineSensors(TimeProvider.System);
        try
        {
            while (true)
            {
                foreach (SensorReading reading in machine.Sample())
                {
                    await sensors.SendAsync(reading, cancellation);
                }

                await sensors.SettleAsync(cancellation);
                terminal.Live($"{Human.Count(tail.Received)} received  p50 {Human.Milliseconds(tail.LatencyMs(50))}");
                await Task.Delay(TimeSpan.FromSeconds(1.0 / SamplesPerSecond), cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            terminal.ClearLive();
        }
    }
}
