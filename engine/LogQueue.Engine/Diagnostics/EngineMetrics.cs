using System.Diagnostics.Metrics;

namespace LogQueue.Engine.Diagnostics;

/// <summary>
/// The figures of one engine, on the meter <c>LogQueue.Engine</c>. Counting costs next to nothing while nobody listens. Thread-safe.
/// </summary>
internal sealed class EngineMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "LogQueue.Engine";

    private readonly Meter _meter;
    private readonly Counter<long> _appendedRecords;
    private readonly Counter<long> _appendedBytes;
    private readonly Counter<long> _readBytes;
    private readonly Counter<long> _syncs;
    private readonly Histogram<double> _syncMs;

    /// <summary>Creates the instruments; the gauges ask the functions when somebody collects.</summary>
    public EngineMetrics(string dataDirectory, Func<long> partitionCount, Func<long> diskBytes)
    {
        _meter = new Meter(new MeterOptions(MeterName) { Tags = [new("data.dir", dataDirectory)] });
        _appendedRecords = _meter.CreateCounter<long>("logqueue.append.records", "{record}", "Records appended.");
        _appendedBytes = _meter.CreateCounter<long>("logqueue.append.bytes", "By", "Bytes of batches appended.");
        _readBytes = _meter.CreateCounter<long>("logqueue.read.bytes", "By", "Bytes of batches read.");
        _syncs = _meter.CreateCounter<long>("logqueue.sync.count", "{sync}", "Group syncs of the data directory.");
        _syncMs = _meter.CreateHistogram<double>("logqueue.sync.duration", "ms", "Time of a group sync.");
        _meter.CreateObservableGauge("logqueue.partitions", partitionCount, "{partition}", "Open partitions.");
        _meter.CreateObservableGauge("logqueue.disk.bytes", diskBytes, "By", "Bytes of all segments.");
    }

    /// <summary>Adds what the scrubber tells, and the number of damaged ranges: alarm on anything above 0.</summary>
    public void Observe(Func<long> damagedRanges, Func<long> scrubbedBytes, Func<long> lastScrubRoundMs)
    {
        _meter.CreateObservableGauge("logqueue.damaged.ranges", damagedRanges, "{range}", "Offset ranges that are damaged.");
        _meter.CreateObservableCounter("logqueue.scrub.bytes", scrubbedBytes, "By", "Bytes at rest that the scrubber checked.");
        _meter.CreateObservableGauge("logqueue.scrub.last.round", lastScrubRoundMs, "ms",
            "When the scrubber last ended a round, since 1970; -1 before the first.");
    }

    public void Appended(long records, int bytes)
    {
        _appendedRecords.Add(records);
        _appendedBytes.Add(bytes);
    }

    public void Read(int bytes) => _readBytes.Add(bytes);

    public void Synced(double milliseconds)
    {
        _syncs.Add(1);
        _syncMs.Record(milliseconds);
    }

    public void Dispose() => _meter.Dispose();
}
