using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using LogQueue.Engine.Errors;
using LogQueue.Engine.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Engine.Diagnostics;

/// <summary>The figures of an engine, as a listener of the meter <c>LogQueue.Engine</c> sees them, and their table in the README.</summary>
public sealed partial class EngineMetricsTests : EngineTest
{
    [GeneratedRegex(@"^\| `(?<name>logqueue\.[\w.]+)` \| (?<kind>\w+) \| (?<unit>[^|]+) \|", RegexOptions.Multiline)]
    private static partial Regex TableRow();

    [Fact]
    public async Task Every_instrument_of_the_readme_exists_and_moves_and_no_other()
    {
        using var meter = new Recorder();
        await using (LogEngine engine = await OpenAsync())
        {
            Partition partition = await CreateAsync(engine, "t", ("retention.bytes", "1"), ("compression.type", "uncompressed"));
            for (int i = 0; i < 40; i++)
            {
                await partition.AppendAsync(null, new byte[100_000], cancellationToken: Deadline);
            }

            Assert.Throws<AppendRefusedException>(() => partition.Append(null, new byte[2 << 20]));
            await ReadAllAsync(partition);
            Assert.True(partition.SegmentCount > 1);
            await engine.MaintainAsync();
            Assert.Equal(1, partition.SegmentCount);
            meter.Collect();
        }

        Dictionary<string, (string Kind, string Unit)> table = TableRow().Matches(await File.ReadAllTextAsync(Path.Combine(Sources.Root, "engine/README.md"), Deadline))
            .ToDictionary(static m => m.Groups["name"].Value, static m => (m.Groups["kind"].Value, m.Groups["unit"].Value.Trim()));
        Assert.Equal(table.OrderBy(static r => r.Key, StringComparer.Ordinal).Select(static r => $"{r.Key} {r.Value.Kind} {r.Value.Unit}"), meter.Instruments(DataDirectory));

        Assert.Equal(40, meter.Sum(DataDirectory, "logqueue.append.records"));
        Assert.InRange(meter.Sum(DataDirectory, "logqueue.append.bytes"), 40 * 100_000, 41 * 100_000);
        Assert.Equal(1, meter.Sum(DataDirectory, "logqueue.append.refused", "TooLarge"));
        Assert.Equal(40, meter.Sum(DataDirectory, "logqueue.read.records"));
        Assert.Equal(meter.Sum(DataDirectory, "logqueue.append.bytes"), meter.Sum(DataDirectory, "logqueue.read.bytes"));
        Assert.True(meter.Sum(DataDirectory, "logqueue.retention.segments") >= 1);
        Assert.True(meter.Sum(DataDirectory, "logqueue.retention.records") >= 1);
        Assert.InRange(meter.Count(DataDirectory, "logqueue.durable.wait"), 40, 60);
        Assert.InRange(meter.Sum(DataDirectory, "logqueue.sync.count"), 40, 200);
        Assert.True(meter.Sum(DataDirectory, "logqueue.sync.bytes") >= 40 * 100_000);
        string[] mayBeZero = ["logqueue.unsynced.bytes", "logqueue.damaged.partitions", "logqueue.fenced", "logqueue.damaged.ranges", "logqueue.lost.found.bytes"];
        string[] movedElsewhere = [.. table.Keys.Where(static name => // in CleanerLoopTests and ScrubberTests
            name.StartsWith("logqueue.cleaner.", StringComparison.Ordinal) || name.StartsWith("logqueue.scrub.", StringComparison.Ordinal))];
        Assert.All(table.Keys.Except(mayBeZero).Except(movedElsewhere), name => Assert.True(meter.Sum(DataDirectory, name) > 0, $"{name} did not move"));
        Assert.All(mayBeZero, name => Assert.Equal(0, meter.Sum(DataDirectory, name)));
    }

    [Fact]
    public async Task The_gauges_of_trouble_move_when_there_is_trouble()
    {
        await using (LogEngine engine = await OpenAsync())
        {
            Partition partition = await CreateAsync(engine, "t", ("compression.type", "uncompressed"));
            for (int i = 0; i < 40; i++)
            {
                await partition.AppendAsync(null, new byte[100_000], cancellationToken: Deadline);
            }
        }

        // Damage below the recovery point, and a start that has to look for it.
        string last = Directory.GetFiles(Path.Combine(DataDirectory, "t-0"), "*.log").Order(StringComparer.Ordinal).Last();
        using (FileStream file = File.OpenWrite(last))
        {
            file.Position = file.Length - 3;
            file.WriteByte(0xFF);
        }

        File.Delete(Path.Combine(DataDirectory, ".logqueue_clean_shutdown"));
        Directory.CreateDirectory(Path.Combine(DataDirectory, "lost+found"));
        await File.WriteAllTextAsync(Path.Combine(DataDirectory, "lost+found", "t-0.x"), "12345", Deadline);

        using var meter = new Recorder();
        await using LogEngine harmed = await OpenAsync();
        meter.Collect();
        Assert.Equal(harmed.GetTopic("t").Partitions[0].IsDamaged ? 1 : 0, meter.Sum(DataDirectory, "logqueue.damaged.partitions"));
        Assert.Equal(5, meter.Sum(DataDirectory, "logqueue.lost.found.bytes"));
        Assert.True(harmed.GetTopic("t").Partitions[0].IsDamaged, "the start did not find the damage");
    }

    [Fact]
    public async Task Unsynced_bytes_are_those_of_writes_nobody_waited_for()
    {
        using var meter = new Recorder();
        await using LogEngine engine = await LogEngine.OpenAsync(
            new LogEngineOptions { DataDirectory = DataDirectory, Durability = Durability.Os, FlushIntervalMs = 600_000, FlushBytes = 1 << 30 }, Deadline);
        Partition partition = await CreateAsync(engine);
        await engine.FlushAsync(Deadline);
        partition.Append(null, Text("v"));
        meter.Collect();
        Assert.Equal(partition.SizeBytes, meter.Sum(DataDirectory, "logqueue.unsynced.bytes"));

        await partition.FlushAsync(Deadline);
        meter.Collect();
        Assert.Equal(0, meter.Sum(DataDirectory, "logqueue.unsynced.bytes"));
    }

    [Fact]
    public async Task Each_of_several_engines_counts_for_itself()
    {
        using var meter = new Recorder();
        using var other = new TemporaryDirectory();
        await using LogEngine first = await OpenAsync(Durability.Os);
        await using LogEngine second = await LogEngine.OpenAsync(new LogEngineOptions { DataDirectory = other.Path }, Deadline);
        Partition here = await CreateAsync(first);
        Partition there = await CreateAsync(second);
        for (int i = 0; i < 30; i++)
        {
            here.Append(null, Text("here"));
        }

        await there.AppendAsync(null, Text("there"), cancellationToken: Deadline);
        Assert.Equal(30, meter.Sum(DataDirectory, "logqueue.append.records"));
        Assert.Equal(1, meter.Sum(other.Path, "logqueue.append.records"));
        Assert.Equal(["0:there"], await ReadAllAsync(there));
        Assert.NotEqual(first.ClusterId, second.ClusterId);
    }

    [Fact]
    public async Task Being_measured_allocates_nothing_on_the_hot_path()
    {
        await using LogEngine engine = await OpenAsync(Durability.Os);
        Partition partition = await CreateAsync(engine);
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, l) =>
            {
                if (instrument.Meter.Name == "LogQueue.Engine")
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        long counted = 0;
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => counted += value);
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => { });
        listener.Start();
        ReadOnlyMemory<byte> value = new byte[100];
        Loop(500);
        long allocated = long.MaxValue;
        for (int i = 0; i < 5; i++) // the least: other tests use the buffer pool, too
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Loop(2000);
            allocated = Math.Min(allocated, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.True(counted > 2000);
        Assert.True(allocated < 2000 * 8, $"{allocated} bytes were allocated for 2,000 measured appends");

        void Loop(int times)
        {
            for (int i = 0; i < times; i++)
            {
                partition.Append(null, value);
            }
        }
    }

    /// <summary>Adds up what the meter says: counters and histograms by sum, gauges by their last value. Thread-safe.</summary>
    private sealed class Recorder : IDisposable
    {
        private readonly ConcurrentDictionary<(string Engine, string Name, string Reason), (double Sum, int Count)> _values = new();
        private readonly ConcurrentDictionary<(string Engine, string Text), bool> _instruments = new();
        private readonly MeterListener _listener;

        public Recorder()
        {
            _listener = new MeterListener { InstrumentPublished = Publish };
            _listener.SetMeasurementEventCallback<int>((i, value, tags, _) => Add(i, value, tags));
            _listener.SetMeasurementEventCallback<long>((i, value, tags, _) => Add(i, value, tags));
            _listener.SetMeasurementEventCallback<double>((i, value, tags, _) => Add(i, value, tags));
            _listener.Start();
        }

        public void Collect()
        {
            try
            {
                _listener.RecordObservableInstruments();
            }
            catch (AggregateException e) when (e.InnerExceptions.All(static inner => inner is SimulatedPowerCutException))
            {
                // The power of another test's engine is cut while this one looks at all of the process; the rest was recorded.
            }
        }

        public IEnumerable<string> Instruments(string engine) =>
            _instruments.Keys.Where(k => k.Engine == engine).Select(static k => k.Text).Order(StringComparer.Ordinal);

        public double Sum(string engine, string name, string? reason = null) =>
            _values.Where(v => v.Key.Engine == engine && v.Key.Name == name && (reason is null || v.Key.Reason == reason)).Sum(static v => v.Value.Sum);

        public int Count(string engine, string name) =>
            _values.Where(v => v.Key.Engine == engine && v.Key.Name == name).Sum(static v => v.Value.Count);

        public void Dispose() => _listener.Dispose();

        private void Publish(Instrument instrument, MeterListener listener)
        {
            if (instrument.Meter.Name == "LogQueue.Engine")
            {
                string kind = instrument.GetType().Name.Split('`')[0].Replace("Observable", "", StringComparison.Ordinal).ToLowerInvariant();
                string engine = (string)instrument.Meter.Tags!.Single(static t => t.Key == "data.dir").Value!;
                _instruments[(engine, $"{instrument.Name} {kind} {instrument.Unit}")] = true;
                Assert.False(string.IsNullOrEmpty(instrument.Description));
                listener.EnableMeasurementEvents(instrument);
            }
        }

        private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            string engine = "";
            string reason = "";
            foreach ((string key, object? tag) in tags)
            {
                engine = key == "data.dir" ? (string)tag! : engine;
                reason = key == "reason" ? (string)tag! : reason;
            }

            _values.AddOrUpdate((engine, instrument.Name, reason), (value, 1),
                (_, old) => (instrument.IsObservable ? value : old.Sum + value, old.Count + 1));
        }
    }
}
