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
    private readonly Counter<long> _cleanedBytes;
    private readonly Counter<long> _cleanWrittenBytes;
    private readonly Counter<long> _removedRecords;

    /// <summary>Creates the instruments; the gauges ask the functions when somebody collects.</summary>
    public EngineMetrics(string dataDirectory, Func<long> partitionCount, Func<long> diskBytes, Func<bool> isOffline)
    {
        _meter = new Meter(new MeterOptions(MeterName) { Tags = [new("data.dir", dataDirectory)] });
        _appendedRecords = _meter.CreateCounter<long>("logqueue.append.records", "{record}", "Records appended.");
        _appendedBytes = _meter.CreateCounter<long>("logqueue.append.bytes", "By", "Bytes of batches appended.");
        _readBytes = _meter.CreateCounter<long>("logqueue.read.bytes", "By", "Bytes of batches read.");
        _syncs = _meter.CreateCounter<long>("logqueue.sync.count", "{sync}", "Group syncs of the data directory.");
        _cleanedBytes = _meter.CreateCounter<long>("logqueue.cleaner.read.bytes", "By", "Bytes of segments that the cleaner replaced.");
        _cleanWrittenBytes = _meter.CreateCounter<long>("logqueue.cleaner.written.bytes", "By", "Bytes of segments that took their place.");
        _removedRecords = _meter.CreateCounter<long>("logqueue.cleaner.removed.records", "{record}", "Records that the cleaner removed.");
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

    /// <summary>Tells the cleaner's gauges whom to ask.</summary>
    public void MeasureCleaner(Func<long> uncleanablePartitions, Func<long> lastPassMs)
    {
        _meter.CreateObservableGauge("logqueue.cleaner.uncleanable.partitions", uncleanablePartitions, "{partition}",
            "Compacted partitions that cannot be cleaned because of damage.");
        _meter.CreateObservableGauge("logqueue.cleaner.last.pass", lastPassMs, "ms",
            "When a partition was last cleaned, in milliseconds since 1970; 0 before the first.");
    }

    public void Cleaned(long bytesRead, long bytesWritten, long recordsRemoved)
    {
        _cleanedBytes.Add(bytesRead);
        _cleanWrittenBytes.Add(bytesWritten);
        _removedRecords.Add(recordsRemoved);
    }

    public void Dispose() => _meter.Dispose();
}
