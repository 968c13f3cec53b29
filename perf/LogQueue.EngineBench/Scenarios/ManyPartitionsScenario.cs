using LogQueue.EngineBench.Rigs;
using LogQueue.Records.Checksums;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;

namespace LogQueue.EngineBench.Scenarios;

/// <summary>
/// G17: appends of 16 KiB in turn to 10,000 partitions, against the same bytes into one; or against the system calls alone, which pay as we
/// do for pages of another file each time. Nothing is synced meanwhile.
/// </summary>
internal sealed class ManyPartitionsScenario : Scenario
{
    private const int Partitions = 10_000;
    private const int Passes = 2;
    private readonly byte[] _batch = Batches.Build(16_000);
    private readonly BenchFolder _folder;
    private readonly bool _isAgainstCalls;

    public ManyPartitionsScenario(BenchFolder folder, bool isAgainstCalls = false)
    {
        _folder = folder;
        _isAgainstCalls = isAgainstCalls;
        Goal = isAgainstCalls
            ? new Goal("G17-RAW", "appends of 16 KiB over 10,000 partitions", "GB per CPU-second", GoalKind.None, 1,
                "10,000 partitions in turn", "pwrite into 10,000 fallocated files in turn, and CRC")
            : new Goal("G17", "appends of 16 KiB over 10,000 partitions", "GB per CPU-second", GoalKind.RatioAtLeast, 0.7,
                "10,000 partitions in turn", "one partition");
    }

    public override Goal Goal { get; }

    public override double? RunControl()
    {
        if (_isAgainstCalls)
        {
            return MeasureCalls();
        }

        using var rig = new LogRig(_folder.Fresh("one"), LogRig.NoSync);
        PartitionLog[] one = [rig.Open(0)];
        LogRig.Append(one[0], _batch);
        return Measure(one, "control");
    }

    public override double RunSubject()
    {
        using var rig = new LogRig(_folder.Fresh("many"), LogRig.NoSync);
        PartitionLog[] logs = [.. Enumerable.Range(0, Partitions).Select(i => rig.Open(i))];
        foreach (PartitionLog log in logs)
        {
            LogRig.Append(log, _batch);
        }

        return Measure(logs, "subject");
    }

    private double MeasureCalls()
    {
        string root = _folder.Fresh("raw");
        DiskStorageDevice device = DiskStorageDevice.Create();
        device.CreateDirectory(root);
        var files = new IStorageFile[Partitions];
        for (int i = 0; i < files.Length; i++)
        {
            string directory = Path.Combine(root, $"{i}"); // one each, as logs have: ext4 looks long for inodes where many were just deleted
            device.CreateDirectory(directory);
            files[i] = device.Open(Path.Combine(directory, "log"), StorageOpenMode.CreateNew);
            files[i].Allocate(new LogOptions().PreallocateFirstBytes);
            files[i].Write(0, _batch);
        }

        uint sum = 0;
        Stopwatches clock = Stopwatches.Start();
        for (int i = 0; i < Partitions * Passes; i++)
        {
            sum += Crc32C.Compute(_batch.AsSpan(21));
            files[i % files.Length].Write((1L + (i / files.Length)) * _batch.Length, _batch);
        }

        double rate = (double)Partitions * Passes * _batch.Length / 1e9 / clock.CpuSeconds;
        GC.KeepAlive(sum);
        Array.ForEach(files, static f => f.Dispose());
        BenchFolder.Remove(root);
        return rate;
    }

    private double Measure(PartitionLog[] logs, string name)
    {
        Stopwatches clock = Stopwatches.Start();
        for (int i = 0; i < Partitions * Passes; i++)
        {
            LogRig.Append(logs[i % logs.Length], _batch);
        }

        double bytes = (double)Partitions * Passes * _batch.Length;
        Note(name + "_wall_GBps", bytes / 1e9 / clock.WallSeconds);
        return bytes / 1e9 / clock.CpuSeconds;
    }
}
