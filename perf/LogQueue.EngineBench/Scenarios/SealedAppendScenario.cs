using LogQueue.EngineBench.Rigs;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;

namespace LogQueue.EngineBench.Scenarios;

/// <summary>G1: ready batches of 64 KiB into a log, checked, against the system calls alone. Nothing is synced meanwhile.</summary>
internal sealed class SealedAppendScenario(BenchFolder folder, bool touchesAhead) : Scenario
{
    private const int RunBytes = 512 << 20;
    private const int TouchBytes = 256 << 10;
    private readonly byte[] _batch = Batches.Build(65_000);
    private readonly byte[] _zeros = new byte[TouchBytes];

    public override Goal Goal { get; } = new(
        touchesAhead ? "G1" : "G1b", "append of sealed 64 KiB batches with CRC check", "GB per CPU-second",
        touchesAhead ? GoalKind.RatioAtLeast : GoalKind.None, 0.9, "PartitionLog.Append",
        touchesAhead ? "pwrite + zero-touch ahead + CRC" : "pwrite into fallocated + CRC");

    public override double? RunControl()
    {
        string path = folder.Fresh("raw");
        using IStorageFile file = DiskStorageDevice.Create().Open(path, StorageOpenMode.CreateNew);
        Stopwatches clock = Stopwatches.Start();
        file.Allocate(RunBytes + TouchBytes);
        long touched = 0;
        long position = 0;
        uint sum = 0;
        while (position + _batch.Length <= RunBytes)
        {
            sum += Crc32C.Compute(_batch.AsSpan(21));
            if (touchesAhead && position + _batch.Length > touched)
            {
                file.Write(touched, _zeros);
                touched += TouchBytes;
            }

            file.Write(position, _batch);
            position += _batch.Length;
        }

        double rate = position / 1e9 / clock.CpuSeconds;
        GC.KeepAlive(sum);
        BenchFolder.Remove(path);
        return rate;
    }

    public override double RunSubject()
    {
        using var rig = new LogRig(folder.Fresh("log"), LogRig.NoSync);
        PartitionLog log = rig.Open(0);
        Stopwatches clock = Stopwatches.Start();
        long position = 0;
        while (position + _batch.Length <= RunBytes)
        {
            LogRig.Append(log, _batch);
            position += _batch.Length;
        }

        return position / 1e9 / clock.CpuSeconds;
    }
}
