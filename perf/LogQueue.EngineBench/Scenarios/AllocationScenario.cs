using LogQueue.EngineBench.Rigs;
using LogQueue.Storage;
using LogQueue.Storage.Partitions;
using LogQueue.Wire;

namespace LogQueue.EngineBench.Scenarios;

/// <summary>Managed bytes per append, or per read of the whole path from look-up to copied bytes, at steady state.</summary>
internal sealed class AllocationScenario(BenchFolder folder, bool reads) : Scenario
{
    private const int Calls = 20_000;
    private readonly byte[] _batch = Batches.Build(4096);
    private readonly byte[] _destination = new byte[64 << 10];

    public override Goal Goal { get; } = new(reads ? "ALLOC-READ" : "ALLOC-APPEND", $"managed bytes per {(reads ? "read" : "append")}",
        "bytes per call, all threads", GoalKind.AtMost, 0, reads ? "PartitionLog.Read and copy, 4 KiB"
            : "PartitionLog.Append, 4 KiB", "");

    public override double? RunControl() => null;

    public override double RunSubject()
    {
        using var rig = new LogRig(folder.Fresh("log"), LogRig.NoSync);
        PartitionLog log = rig.Open(0);
        for (int i = 0; i < 2000; i++)
        {
            LogRig.Append(log, _batch);
            Read(log, i);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        long allBefore = GC.GetTotalAllocatedBytes(precise: true);
        for (int i = 0; i < Calls; i++)
        {
            if (reads)
            {
                Read(log, i % 2000);
            }
            else
            {
                LogRig.Append(log, _batch);
            }
        }

        double thread = GC.GetAllocatedBytesForCurrentThread() - before;
        double all = GC.GetTotalAllocatedBytes(precise: true) - allBefore;
        Note("this_thread_total_bytes", thread);
        Note("all_threads_total_bytes", all);
        return Math.Round(thread / Calls, 2);
    }

    private void Read(PartitionLog log, int batch)
    {
        long offset = log.LogEndOffset * batch / 2001;
        ReadResult result = log.Read(offset, 8 << 10, ReadIsolation.Uncommitted, atLeastOneBatch: true);
        using RecordSlice records = result.Records;
        if (records.IsEmpty)
        {
            throw new InvalidOperationException($"Nothing read at {offset}: {result.Status}");
        }

        records.CopyTo(_destination);
    }
}
