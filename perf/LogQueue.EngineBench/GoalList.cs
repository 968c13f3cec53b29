using LogQueue.EngineBench.Rigs;
using LogQueue.EngineBench.Scenarios;

namespace LogQueue.EngineBench;

/// <summary>Every goal with the scenario that measures it, in the order of the report. Stateless.</summary>
internal static class GoalList
{
    /// <summary>The list; a scenario is made when its turn comes.</summary>
    public static IReadOnlyList<(string Id, Func<Scenario> Create)> All(BenchFolder folder) =>
    [
        ("G1", () => new SealedAppendScenario(folder, touchesAhead: true)),
        ("G1b", () => new SealedAppendScenario(folder, touchesAhead: false)),
        ("G2", () => new RecordAppendScenario(folder, "G2", 100, 3, memoryBits: 26)),
        ("G2-1GiB", () => new RecordAppendScenario(folder, "G2-1GiB", 100, null, memoryBits: 30)),
        ("G3", () => new RecordAppendScenario(folder, "G3", 1024, 3.5, memoryBits: 26)),
        ("G3-1GiB", () => new RecordAppendScenario(folder, "G3-1GiB", 1024, null, memoryBits: 30)),
        ("ALLOC-APPEND", () => new AllocationScenario(folder, reads: false)),
        ("ALLOC-READ", () => new AllocationScenario(folder, reads: true)),
        ("G10", () => new SingleProducerScenario(folder, isBlocking: true)),
        ("G10b", () => new SingleProducerScenario(folder, isBlocking: false)),
        ("G11", () => GroupCommitScenario.Sixteen(folder)),
        ("ACKS256", () => GroupCommitScenario.Many(folder)),
        ("DIRTY128-files", () => new DirtyPartitionsScenario(folder, "files", GoalKind.None)),
        ("DIRTY128-syncfs", () => new DirtyPartitionsScenario(folder, "syncfs", GoalKind.None)),
        ("DIRTY128-journal", () => new DirtyPartitionsScenario(folder, "journal", GoalKind.RatioAtMost)),
        ("G12", () => new RecoveryScenario(folder)),
        ("G13", () => new CleanStartScenario(folder, isMemory: false)),
        ("MEMORY", () => new CleanStartScenario(folder, isMemory: true)),
        ("G17", () => new ManyPartitionsScenario(folder)),
        ("G17-RAW", () => new ManyPartitionsScenario(folder, isAgainstCalls: true)),
        ("G18", () => new CreateScenario(folder, asOneTopic: true)),
        ("G18b", () => new CreateScenario(folder, asOneTopic: false)),
        ("MAP-INDEX", () => new MapScenario(folder, isIndex: true)),
        ("MAP-TAIL-4096", () => new MapScenario(folder, isIndex: false)),
        ("MAP-TAIL-65536", () => new MapScenario(folder, isIndex: false, chunkBytes: 64 << 10)),
    ];
}
