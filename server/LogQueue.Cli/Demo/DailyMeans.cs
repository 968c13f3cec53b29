using LogQueue.Client;
using LogQueue.Client.Serialization;
using LogQueue.Streams;

namespace LogQueue.Cli.Demo;

/// <summary>
/// The stream application of the demo: mean of each weather sensor for each day of event time, to a topic of its own. Results are kept for
/// the report. Thread-safe.
/// </summary>
internal sealed class DailyMeans : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Sensor, long DayMs), double> _means = [];
    private readonly Dictionary<string, long> _lastSeenMs = [];
    private readonly StreamApp _app;

    public DailyMeans(LogQueueClient client, string source, string target)
    {
        var builder = new StreamBuilder("demo-daily-means");
        EventStream<string, Reading> readings = builder.Stream(source, Serdes.Utf8, Serdes.Json(ReadingJson.Default.Reading));
        EventStream<Windowed<string>, double> means = readings.GroupByKey()
            .Window(WindowSpec.Tumbling(TimeSpan.FromDays(1), grace: TimeSpan.FromHours(1)))
            .Aggregate(static () => (Sum: 0.0, Count: 0), static (mean, reading) => (mean.Sum + reading.Value, mean.Count + 1))
            .EmitOnClose()
            .Select(static (_, mean) => mean.Sum / mean.Count);
        means.ForEach(Keep);
        means.To(target, WindowKey.Serde, Serdes.Double);
        readings.ForEach(See);
        _app = StreamApp.Start(client, builder.Build(), new StreamOptions { CommitInterval = TimeSpan.FromMilliseconds(500) });
    }

    /// <summary>Days closed so far in this run.</summary>
    public int WindowCount
    {
        get
        {
            lock (_lock)
            {
                return _means.Count;
            }
        }
    }

    public long LateCount => _app.LateCount;

    /// <summary>The closed days of a sensor in the order of time.</summary>
    public List<double> Of(string sensor)
    {
        lock (_lock)
        {
            return [.. _means.Where(m => m.Key.Sensor == sensor).OrderBy(static m => m.Key.DayMs).Select(static m => m.Value)];
        }
    }

    /// <summary>Waits until every sensor's last reading went through; false when the time is up or the application failed.</summary>
    public async Task<bool> WaitForAsync(IReadOnlyDictionary<string, long> lastMs, TimeSpan patience, CancellationToken cancellation)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(start) < patience && !_app.Completion.IsCompleted)
        {
            lock (_lock)
            {
                if (lastMs.All(l => _lastSeenMs.GetValueOrDefault(l.Key) >= l.Value))
                {
                    return true;
                }
            }

            await Task.Delay(20, cancellation);
        }

        return false;
    }

    /// <summary>
    /// Computes the means of the same readings directly and compares: every day but the last of each sensor must be there and equal.
    /// </summary>
    public CheckResult Check(List<SensorReading> readings)
    {
        const string Name = "daily means against a direct computation";
        long lastDayMs = Day(readings[^1].Time);
        int compared = 0;
        lock (_lock)
        {
            foreach (var day in readings.GroupBy(static r => (r.Sensor, DayMs: Day(r.Time))).Where(d => d.Key.DayMs != lastDayMs))
            {
                double expected = day.Average(static r => r.Value);
                if (!_means.TryGetValue(day.Key, out double actual) || Math.Abs(actual - expected) > 1e-9)
                {
                    return new CheckResult(Name, false,
                        $"{day.Key.Sensor} {DateTimeOffset.FromUnixTimeMilliseconds(day.Key.DayMs):yyyy-MM-dd}: {actual}, expected {expected}");
                }

                compared++;
            }
        }

        return new CheckResult(Name, true, $"{Output.Human.Count(compared)} windows equal, {LateCount} late records");
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static long Day(DateTimeOffset time) => new DateTimeOffset(time.UtcDateTime.Date, TimeSpan.Zero).ToUnixTimeMilliseconds();

    private void Keep(StreamRecord<Windowed<string>, double> mean)
    {
        lock (_lock)
        {
            _means[(mean.Key.Key, mean.Key.StartMs)] = mean.Value;
        }
    }

    private void See(StreamRecord<string, Reading> reading)
    {
        lock (_lock)
        {
            _lastSeenMs[reading.Key] = reading.EventTimeMs;
        }
    }
}
