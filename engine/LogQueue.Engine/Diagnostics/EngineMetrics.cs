using System.Collections.Frozen;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using LogQueue.Storage;

namespace LogQueue.Engine.Diagnostics;

/// <summary>
/// The figures of one engine, on the meter <c>LogQueue.Engine</c>; each measurement carries the engine's <c>data.dir</c>. The table of
/// instruments stands in engine/README.md, which a test compares with this. Counting allocates nothing, and costs next to nothing while
/// nobody listens. Thread-safe.
/// </summary>
internal sealed class EngineMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "LogQueue.Engine";

    private static readonly FrozenDictionary<AppendStatus, object> Reasons =
        Enum.GetValues<AppendStatus>().ToFrozenDictionary(static status => status, static status => (object)status.ToString());

    private readonly Meter _meter;
    private readonly KeyValuePair<string, object?> _engine;
    private readonly Counter<long> _appendedRecords;
    private readonly Counter<long> _appendedBytes;
    private readonly Counter<long> _refused;
    private readonly Histogram<double> _appendDuration;
    private readonly Histogram<double> _durableWait;
    private readonly Counter<long> _readRecords;
    private readonly Counter<long> _readBytes;
    private readonly Counter<long> _syncs;
    private readonly Counter<long> _cleanedBytes;
    private readonly Counter<long> _cleanWrittenBytes;
    private readonly Counter<long> _removedRecords;
    private readonly Histogram<double> _syncDuration;
    private readonly Histogram<int> _syncLogs;
    private readonly Histogram<long> _syncBytes;
    private readonly Counter<long> _retainedSegments;
    private readonly Counter<long> _retainedRecords;

    /// <summary>Creates the counters; <see cref="Observe"/> adds the gauges.</summary>
    public EngineMetrics(string dataDirectory)
    {
        _engine = new("data.dir", dataDirectory);
        _meter = new Meter(new MeterOptions(MeterName) { Tags = [_engine] });
        _appendedRecords = _meter.CreateCounter<long>("logqueue.append.records", "{record}", "Records appended.");
        _appendedBytes = _meter.CreateCounter<long>("logqueue.append.bytes", "By", "Bytes of batches appended, as stored.");
        _refused = _meter.CreateCounter<long>("logqueue.append.refused", "{append}", "Appends refused, by reason.");
        _appendDuration = _meter.CreateHistogram<double>("logqueue.append.duration", "s", "Check, stamp, write and index of an append.");
        _durableWait = _meter.CreateHistogram<double>("logqueue.durable.wait", "s", "Wait from a write until it is durable.");
        _readRecords = _meter.CreateCounter<long>("logqueue.read.records", "{record}", "Records handed out by record readers.");
        _readBytes = _meter.CreateCounter<long>("logqueue.read.bytes", "By", "Bytes of batches read, as stored.");
        _syncs = _meter.CreateCounter<long>("logqueue.sync.count", "{sync}", "Group syncs of the data directory.");
        _cleanedBytes = _meter.CreateCounter<long>("logqueue.cleaner.read.bytes", "By", "Bytes of segments that the cleaner replaced.");
        _cleanWrittenBytes = _meter.CreateCounter<long>("logqueue.cleaner.written.bytes", "By", "Bytes of segments that took their place.");
        _removedRecords = _meter.CreateCounter<long>("logqueue.cleaner.removed.records", "{record}", "Records that the cleaner removed.");
        _syncDuration = _meter.CreateHistogram<double>("logqueue.sync.duration", "s", "Time of a group sync.");
        _syncLogs = _meter.CreateHistogram<int>("logqueue.sync.logs", "{partition}", "Partitions in a group sync.");
        _syncBytes = _meter.CreateHistogram<long>("logqueue.sync.bytes", "By", "Bytes that a group sync made durable.");
        _retainedSegments = _meter.CreateCounter<long>("logqueue.retention.segments", "{segment}", "Segments removed by retention.");
        _retainedRecords = _meter.CreateCounter<long>("logqueue.retention.records", "{record}", "Offsets removed by retention.");
    }

    /// <summary>Adds what the scrubber tells, and the number of damaged ranges: alarm on anything above 0.</summary>
    public void MeasureDamage(Func<long> damagedRanges, Func<long> scrubbedBytes, Func<long> lastScrubRoundMs)
    {
        Gauge("logqueue.damaged.ranges", "{range}", "Offset ranges that are damaged.", damagedRanges);
        _meter.CreateObservableCounter("logqueue.scrub.bytes", () => new Measurement<long>(scrubbedBytes(), _engine), "By",
            "Bytes at rest that the scrubber checked.");
        Gauge("logqueue.scrub.last.round", "ms", "When the scrubber last ended a round, since 1970; -1 before the first.", lastScrubRoundMs);
    }

    /// <summary>True while somebody measures waits for durability.</summary>
    public bool MeasuresDurableWaits => _durableWait.Enabled;

    /// <summary>Adds the gauges, which ask their source when somebody collects.</summary>
    public void Observe(IEngineGauges gauges)
    {
        Gauge("logqueue.topics", "{topic}", "Topics, internal ones included.", () => gauges.TopicCount);
        Gauge("logqueue.partitions", "{partition}", "Open partitions.", () => gauges.PartitionCount);
        Gauge("logqueue.segments", "{segment}", "Segments of all partitions.", () => gauges.SegmentCount);
        Gauge("logqueue.disk.bytes", "By", "Bytes of all segments.", () => gauges.SizeBytes);
        Gauge("logqueue.disk.free.bytes", "By", "Free bytes of the file system, for this user.", () => gauges.DiskFreeBytes);
        Gauge("logqueue.files.open", "{file}", "Log and index files that are open.", () => (long)gauges.OpenFiles.OpenLogFiles);
        Gauge("logqueue.files.most", "{file}", "Log and index files that may stay open.", () => (long)gauges.OpenFiles.MostLogFiles);
        Gauge("logqueue.files.limit", "{file}", "Files that the process may have open.", () => (long)gauges.OpenFiles.Limit);
        Gauge("logqueue.lost.found.bytes", "By", "Bytes in lost+found.", () => gauges.LostAndFoundBytes);
        Gauge("logqueue.unsynced.bytes", "By", "Bytes written and not yet durable.", () => gauges.UnsyncedBytes);
        Gauge("logqueue.damaged.partitions", "{partition}", "Partitions with damage that waits for repair.", () => gauges.DamagedCount);
        Gauge("logqueue.fenced", "{engine}", "1 once a failed sync has fenced the directory, else 0.", () => gauges.IsFenced ? 1L : 0L);
        Gauge("logqueue.recovery.duration", "s", "Time the last open took.", () => gauges.RecoverySeconds);
    }

    /// <summary>The start of an append, for <see cref="Appended"/>; 0 while nobody measures.</summary>
    public long StartAppend() => _appendDuration.Enabled ? Stopwatch.GetTimestamp() : 0;

    public void Appended(long records, int bytes, long started)
    {
        _appendedRecords.Add(records, _engine);
        _appendedBytes.Add(bytes, _engine);
        if (started != 0)
        {
            _appendDuration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, _engine);
        }
    }

    public void Refused(AppendStatus reason) => _refused.Add(1, _engine, new("reason", Reasons[reason]));

    public void WaitedUntilDurable(long started) => _durableWait.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, _engine);

    public void ReadRecords(long records) => _readRecords.Add(records, _engine);

    public void ReadBytes(int bytes) => _readBytes.Add(bytes, _engine);

    public void Synced(int logs, long bytes, TimeSpan elapsed)
    {
        _syncs.Add(1, _engine);
        _syncDuration.Record(elapsed.TotalSeconds, _engine);
        _syncLogs.Record(logs, _engine);
        _syncBytes.Record(bytes, _engine);
    }

    public void Retained(int segments, long records)
    {
        _retainedSegments.Add(segments, _engine);
        _retainedRecords.Add(records, _engine);
    }

    /// <summary>Tells the cleaner's gauges whom to ask.</summary>
    public void MeasureCleaner(Func<long> uncleanablePartitions, Func<long> lastPassMs)
    {
        Gauge("logqueue.cleaner.uncleanable.partitions", "{partition}",
            "Compacted partitions that cannot be cleaned because of damage.", uncleanablePartitions);
        Gauge("logqueue.cleaner.last.pass", "ms",
            "When a partition was last cleaned, in milliseconds since 1970; 0 before the first.", lastPassMs);
    }

    public void Cleaned(long bytesRead, long bytesWritten, long recordsRemoved)
    {
        _cleanedBytes.Add(bytesRead, _engine);
        _cleanWrittenBytes.Add(bytesWritten, _engine);
        _removedRecords.Add(recordsRemoved, _engine);
    }

    public void Dispose() => _meter.Dispose();

    private void Gauge<T>(string name, string unit, string description, Func<T> value)
        where T : struct =>
        _meter.CreateObservableGauge(name, () => new Measurement<T>(value(), _engine), unit, description);
}
