using LogQueue.EngineBench.Rigs;
using LogQueue.Storage.Maintenance;
using LogQueue.Storage.Partitions;

namespace LogQueue.EngineBench.Scenarios;

/// <summary>
/// 128 producers that each wait for their own batch of 4 KiB: all on one partition (the control), then each on its own, by three designs
/// of the commit.
/// </summary>
internal sealed class DirtyPartitionsScenario(BenchFolder folder, string design, GoalKind kind) : Scenario
{
    private const int Partitions = 128;
    private const double Seconds = 0.8;

    public override Goal Goal { get; } = new("DIRTY128-" + design, $"128 dirty partitions, {design}", "durable p50 in us", kind, 2,
        "128 producers, 128 partitions", "128 producers, 1 partition");

    public override double? RunControl() => Run(1, "control");

    public override double RunSubject() => Run(Partitions, "subject");

    private double Run(int partitions, string name)
    {
        CommitLoopOptions commits = design == "journal" ? new CommitLoopOptions() : new CommitLoopOptions { JournalFileBytes = 0 };
        using var rig = new LogRig(folder.Fresh("dirty"), commits, usesFileSystemSync: design == "syncfs");
        PartitionLog[] logs = [.. Enumerable.Range(0, partitions).Select(i => rig.Open(i))];
        new Crowd(i => logs[i % partitions], Partitions, 4096, 0.2).Run(); // new names are durable, and the journal exists
        var crowd = new Crowd(i => logs[i % partitions], Partitions, 4096, Seconds);
        crowd.Run();
        Note(name + "_acks_per_s", crowd.AcksPerSecond);
        Note(name + "_p99_us", crowd.Quantile(0.99));
        Note(name + "_cpu_us_per_ack", crowd.CpuMicrosPerAck);
        return crowd.Quantile(0.5);
    }
}
