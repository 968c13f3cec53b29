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
    public EngineMetrics(string dataDirectory, Func<long> partitionCount, Func<long> diskBytes, Func<bool> isOffline)
    {
        _meter = new Meter(new MeterOptions(MeterName) { Tags = [new("data.dir", dataDirectory)] });
        _appendedRecords = _meter.CreateCounter<long>("logqueue.append.records", "{record}", "Records appended.");
        _appendedBytes = _meter.CreateCounter<long>("logqueue.append.bytes", "By", "Bytes of batches appended.");
        _readBytes = _meter.CreateCounter<long>("logqueue.read.bytes", "By", "Bytes of batches read.");
        _syncs = _meter.CreateCounter<long>("logqueue.sync.count", "{sync}", "Group syncs of the data directory.");
        _syncMs = _meter.CreateHistogram<double>("logqueue.sync.duration", "ms", "Time of a group sync: one sync of the journal, or of each file that was written.");
        _meter.CreateObservableGauge("logqueue.partitions", partitionCount, "{partition}", "Open partitions.");
        _meter.CreateObservableGauge("logqueue.disk.bytes", diskBytes, "By", "Bytes of all segments.");
        _meter.CreateObservableGauge(
            "logqueue.offline", () => isOffline() ? 1 : 0, null, "1 when the data directory is fenced after a disk error, else 0.");
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
