using LogQueue.Engine;
using LogQueue.EngineBench.Rigs;

namespace LogQueue.EngineBench.Scenarios;

/// <summary>G18: creating 10,000 partitions, as one topic or as 10,000 topics, durably.</summary>
internal sealed class CreateScenario(BenchFolder folder, bool asOneTopic) : Scenario
{
    private const int Count = 10_000;
    private const int AtOnce = 64;

    public override int WarmUps => 0;

    public override Goal Goal { get; } = asOneTopic
        ? new Goal("G18", "creation of one topic of 10,000 partitions, durable", "seconds", GoalKind.AtMost, 3, "LogEngine.CreateTopicAsync",
            "mkdir + create a file for each, one sync")
        : new Goal("G18b", "creation of 10,000 topics of one partition, 64 at a time, durable", "seconds", GoalKind.None, 3,
            "LogEngine.CreateTopicAsync", "");

    public override double? RunControl()
    {
        if (!asOneTopic)
        {
            return null;
        }

        string path = folder.Fresh("raw");
        Directory.CreateDirectory(path);
        Stopwatches clock = Stopwatches.Start();
        for (int i = 0; i < Count; i++)
        {
            string directory = Path.Combine(path, $"bench-{i}");
            Directory.CreateDirectory(directory);
            File.OpenHandle(Path.Combine(directory, "00000000000000000000.log"), FileMode.CreateNew, FileAccess.ReadWrite).Dispose();
        }

        LogQueue.Storage.Files.DiskStorageDevice.Create().SyncDirectory(path);
        double seconds = clock.WallSeconds;
        BenchFolder.Remove(path);
        return seconds;
    }

    public override double RunSubject()
    {
        string path = folder.Fresh("create");
        LogEngine engine = Engines.Open(path);
        Stopwatches clock = Stopwatches.Start();
        if (asOneTopic)
        {
            Engines.Create(engine, "bench", Count);
        }
        else
        {
            Engines.Wait(Parallel.ForAsync(0, Count, new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
                async (i, ct) => await engine.CreateTopicAsync($"bench-{i}", 1, cancellationToken: ct).ConfigureAwait(false)));
        }

        double seconds = clock.WallSeconds;
        Engines.Close(engine);
        BenchFolder.Remove(path);
        return seconds;
    }
}
