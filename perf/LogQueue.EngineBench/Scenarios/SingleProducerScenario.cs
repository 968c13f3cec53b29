using LogQueue.Engine;
using LogQueue.Engine.Partitions;
using LogQueue.EngineBench.Rigs;
using LogQueue.Storage.Files;

namespace LogQueue.EngineBench.Scenarios;

/// <summary>G10: one producer that waits until each batch of 4 KiB is durable, against pwrite and fdatasync in a fallocated file.</summary>
internal sealed class SingleProducerScenario(BenchFolder folder, bool isBlocking) : Scenario
{
    private const int Calls = 1500;
    private readonly byte[] _batch = Batches.Build(4096);

    public override Goal Goal { get; } = new(isBlocking ? "G10" : "G10b", $"one durable producer, 4 KiB, {(isBlocking ? "blocking" : "awaiting")}",
        "acks per second", isBlocking ? GoalKind.RatioAtLeast : GoalKind.None, 0.9, isBlocking ? "append, wait on the thread" : "await AppendAsync",
        "pwrite + fdatasync, fallocated");

    public override double? RunControl()
    {
        string path = folder.Fresh("raw");
        using IStorageFile file = DiskStorageDevice.Create().Open(path, StorageOpenMode.CreateNew);
        file.Allocate(32 << 20);
        file.DataSync();
        var latency = new List<double>(Calls);
        Stopwatches clock = Stopwatches.Start();
        for (int i = 0; i < Calls; i++)
        {
            Stopwatches one = Stopwatches.Start();
            file.Write((long)i * _batch.Length, _batch);
            file.DataSync();
            latency.Add(one.WallSeconds * 1e6);
        }

        double rate = Calls / clock.WallSeconds;
        Note("control_p50_us", Spread.Of(latency).Median);
        BenchFolder.Remove(path);
        return rate;
    }

    public override double RunSubject()
    {
        string path = folder.Fresh("engine");
        LogEngine engine = Engines.Open(path);
        Partition partition = Engines.Create(engine, "bench", 1).Partitions[0];
        var latency = new List<double>(Calls);
        Engines.Wait(partition.AppendAsync(_batch).AsTask());
        Stopwatches clock = Stopwatches.Start();
        if (isBlocking)
        {
            for (int i = 0; i < Calls; i++)
            {
                Stopwatches one = Stopwatches.Start();
                _batch.AsSpan(0, 8).Clear();
                partition.WaitUntilDurable(partition.Append(_batch).NextOffset);
                latency.Add(one.WallSeconds * 1e6);
            }
        }
        else
        {
            Engines.Wait(AwaitAsync(partition, latency));
        }

        double rate = Calls / clock.WallSeconds;
        Note("subject_p50_us", Spread.Of(latency).Median);
        Engines.Close(engine);
        BenchFolder.Remove(path);
        return rate;
    }

    private async Task AwaitAsync(Partition partition, List<double> latency)
    {
        for (int i = 0; i < Calls; i++)
        {
            Stopwatches one = Stopwatches.Start();
            _batch.AsSpan(0, 8).Clear();
            await partition.AppendAsync(_batch).ConfigureAwait(false);
            latency.Add(one.WallSeconds * 1e6);
        }
    }
}
