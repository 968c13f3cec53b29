using LogQueue.EngineBench.Rigs;
using LogQueue.Records;
using LogQueue.Records.Checksums;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;

namespace LogQueue.EngineBench.Scenarios;

/// <summary>
/// G12: opening a log that was not closed, against reading and checksumming the same file. Both begin with an empty page cache: recovery
/// drops what is not known to be durable, since after a failed sync the cache shows bytes that the disk never got.
/// </summary>
internal sealed class RecoveryScenario : Scenario
{
    private const long LogBytes = 768L << 20;
    private readonly LogRig _rig;
    private readonly string _directory;
    private readonly string _file;
    private readonly long _bytes;

    public RecoveryScenario(BenchFolder folder)
    {
        _rig = new LogRig(folder.Fresh("recovery"), LogRig.NoSync);
        PartitionLog log = _rig.Open(0);
        byte[] batch = Batches.Build(65_000);
        while (_bytes + batch.Length <= LogBytes)
        {
            LogRig.Append(log, batch);
            _bytes += batch.Length;
        }

        _directory = log.Directory;
        log.Dispose();
        using (IStorageFile file = _rig.Context.Device.Open(Path.Combine(_directory, "00000000000000000000.log"), StorageOpenMode.ReadWrite))
        {
            file.DataSync(); // only what is clean can be dropped
        }

        _file = Path.Combine(_directory, "00000000000000000000.log");
    }

    public override Goal Goal { get; } = new("G12", "unclean recovery of one log without a checkpoint, its cache dropped", "GB per second",
        GoalKind.RatioAtLeast, 0.7, "PartitionLog.Open", "cache dropped, pread 1 MiB + CRC-32C");

    public override double? RunControl()
    {
        using IStorageFile file = _rig.Context.Device.Open(_file, StorageOpenMode.Read);
        byte[] buffer = GC.AllocateUninitializedArray<byte>(1 << 20);
        file.DropCache(0);
        double cold = Scan(file, buffer);
        Note("warm_scan_GBps", Scan(file, buffer));
        return cold;
    }

    private double Scan(IStorageFile file, byte[] buffer)
    {
        uint sum = 0;
        Stopwatches clock = Stopwatches.Start();
        for (long at = 0; at < _bytes; at += buffer.Length)
        {
            sum += Crc32C.Compute(buffer.AsSpan(0, file.Read(at, buffer)));
        }

        GC.KeepAlive(sum);
        return _bytes / 1e9 / clock.WallSeconds;
    }

    public override double RunSubject()
    {
        foreach (string cache in Directory.GetFiles(_directory).Where(static f => !f.EndsWith(".log", StringComparison.Ordinal)))
        {
            File.Delete(cache);
        }

        Stopwatches clock = Stopwatches.Start();
        using var log = PartitionLog.Open(_rig.Context, _directory, new TopicPartition("bench", 0), new LogOptions(), cleanShutdown: false);
        double rate = _bytes / 1e9 / clock.WallSeconds;
        return log.Recovery.ScannedBytes == _bytes ? rate
            : throw new InvalidOperationException($"Recovery scanned {log.Recovery.ScannedBytes} of {_bytes} bytes.");
    }

    public override void Dispose()
    {
        _rig.Dispose();
        base.Dispose();
    }
}
