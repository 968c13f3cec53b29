using LogQueue.Engine;
using LogQueue.Engine.Partitions;
using LogQueue.EngineBench.Rigs;
using LogQueue.Storage.Files;

namespace LogQueue.EngineBench.Scenarios;

/// <summary>
/// G13 and the memory of idle partitions: opening a directory of 10,000 partitions, each with records, that was closed in good order.
/// </summary>
internal sealed class CleanStartScenario : Scenario
{
    private const int Partitions = 10_000;
    private readonly string _path;
    private readonly bool _isMemory;

    public CleanStartScenario(BenchFolder folder, bool isMemory)
    {
        _isMemory = isMemory;
        _path = Path.Combine(folder.FullPath, "start");
        Goal = isMemory
            ? new Goal("MEMORY", "managed memory of an idle partition after a clean start", "bytes per partition", GoalKind.AtMost, 1536,
                "10,000 partitions with records", "")
            : new Goal("G13", "clean start of 10,000 partitions with records", "seconds", GoalKind.AtMost, 0.5, "LogEngine.OpenAsync",
                "open + fstat + close of each .log");
        if (Directory.Exists(_path))
        {
            return; // made for the other goal
        }

        LogEngine engine = Engines.Open(_path);
        byte[] batch = Batches.Build(1024);
        foreach (Partition partition in Engines.Create(engine, "bench", Partitions).Partitions)
        {
            batch.AsSpan(0, 8).Clear();
            partition.Append(batch);
        }

        Engines.Close(engine);
    }

    public override Goal Goal { get; }

    public override double? RunControl()
    {
        if (_isMemory)
        {
            return null;
        }

        IStorageDevice device = DiskStorageDevice.Create();
        Stopwatches clock = Stopwatches.Start();
        for (int i = 0; i < Partitions; i++)
        {
            using IStorageFile file = device.Open(Path.Combine(_path, $"bench-{i}", "00000000000000000000.log"), StorageOpenMode.Read);
            GC.KeepAlive(file.Length);
        }

        return clock.WallSeconds;
    }

    public override double RunSubject()
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Stopwatches clock = Stopwatches.Start();
        LogEngine engine = Engines.Open(_path);
        double seconds = clock.WallSeconds;
        double bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)Partitions;
        if (engine.Topics.Single(static t => t.Name == "bench").Partitions.Any(static p => p.LogEndOffset == 0) || !engine.Recovery.CleanShutdown)
        {
            throw new InvalidOperationException("The engine did not open what was written.");
        }

        Note("bytes_per_partition_after_start", bytes);
        Note("start_seconds", seconds);
        if (_isMemory)
        {
            foreach (Partition partition in engine.Topics.Single(static t => t.Name == "bench").Partitions)
            {
                partition.Read(0, 4096).Records.Dispose();
            }

            Note("bytes_per_partition_after_first_read", (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)Partitions);
        }

        Engines.Close(engine);
        return _isMemory ? bytes : seconds;
    }
}
