using LogQueue.EngineBench.Rigs;
using LogQueue.Storage.Partitions;

namespace LogQueue.EngineBench.Scenarios;

/// <summary>G17: appends of 16 KiB in turn to 10,000 partitions, against the same bytes into one. Nothing is synced meanwhile.</summary>
internal sealed class ManyPartitionsScenario : Scenario
{
    private const int Partitions = 10_000;
    private const int Passes = 2;
    private readonly byte[] _batch = Batches.Build(16_000);
    private readonly BenchFolder _folder;

    public ManyPartitionsScenario(BenchFolder folder) => _folder = folder;

    public override Goal Goal { get; } = new("G17", "appends of 16 KiB over 10,000 partitions", "GB per CPU-second", GoalKind.RatioAtLeast, 0.7,
        "10,000 partitions in turn", "one partition");

    public override double? RunControl()
    {
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
