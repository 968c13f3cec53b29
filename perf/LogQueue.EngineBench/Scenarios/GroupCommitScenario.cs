using LogQueue.EngineBench.Rigs;
using LogQueue.Storage.Maintenance;
using LogQueue.Storage.Partitions;

namespace LogQueue.EngineBench.Scenarios;

/// <summary>G11: many durable producers on one partition, against one; or against an absolute goal.</summary>
internal sealed class GroupCommitScenario(BenchFolder folder, Goal goal, int producers, int batchBytes, bool hasControl) : Scenario
{
    private const double Seconds = 0.8;

    public override Goal Goal => goal;

    /// <summary>16 producers against one.</summary>
    public static GroupCommitScenario Sixteen(BenchFolder folder) => new(folder, new Goal("G11", "16 durable producers, 4 KiB",
        "acks per second", GoalKind.RatioAtLeast, 12, "16 producers, one partition", "1 producer, awaiting"), 16, 4096, hasControl: true);

    /// <summary>256 producers.</summary>
    public static GroupCommitScenario Many(BenchFolder folder) => new(folder, new Goal("ACKS256", "256 durable producers, 1 KiB",
        "acks per second", GoalKind.AtLeast, 50_000, "256 producers, one partition", ""), 256, 1024, hasControl: false);

    public override double? RunControl() => hasControl ? Run(1, "control") : null;

    public override double RunSubject() => Run(producers, "subject");

    private double Run(int count, string name)
    {
        using var rig = new LogRig(folder.Fresh("crowd"), new CommitLoopOptions());
        PartitionLog log = rig.Open(0);
        var crowd = new Crowd(_ => log, count, batchBytes, Seconds);
        crowd.Run();
        Note(name + "_p50_us", crowd.Quantile(0.5));
        Note(name + "_p99_us", crowd.Quantile(0.99));
        Note(name + "_cpu_us_per_ack", crowd.CpuMicrosPerAck);
        return crowd.AcksPerSecond;
    }
}
