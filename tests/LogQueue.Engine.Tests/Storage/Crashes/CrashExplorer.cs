using LogQueue.Storage;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Oracle;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Crashes;

/// <summary>
/// Runs a <see cref="LogRun"/> once and cuts the power at each of its operations, in several ways: each time the disk is copied as the cut
/// leaves it, recovered, and judged by the oracle as it stands at that moment; then cut and recovered again, which must change nothing.
/// Some recoveries are explored in the same way. One user; deterministic by seed.
/// </summary>
internal sealed class CrashExplorer(int seed, CrashExplorerOptions options)
{
    private static readonly byte[] OneMore = TestBatches.Build(1, 1_000_000);

    private readonly SimulatedStorageDevice _device = new(StorageRig.Root);

    /// <summary>Disks that were recovered and judged.</summary>
    public long States { get; private set; }

    /// <summary>The deepest nesting reached.</summary>
    public int Depth { get; private set; }

    /// <summary>States in which the journal had something to bring back.</summary>
    public long Restored { get; private set; }

    /// <summary>Operations of the run.</summary>
    public long Operations => _device.Operations;

    /// <summary>Commits that went through the journal.</summary>
    public long JournalRounds { get; private set; }

    public ulong TraceHash => _device.TraceHash;

    /// <summary>What went wrong first, and where; null when nothing did.</summary>
    public string? Failure { get; private set; }

    /// <summary>Explores the run of the seed.</summary>
    public void Explore()
    {
        _device.Rules.LiesAboutSyncs = options.DiskLies;
        var run = new LogRun(_device, seed);
        _device.Boundary = device =>
        {
            if (Failure is null)
            {
                run.Poll();
                CutHere(device, run, 1, seed, $"before operation {device.Operations + 1}");
            }
        };
        try
        {
            run.Run(options.Steps, () => Failure is null);
            _device.Boundary(_device);
        }
        catch (Exception e) when (Failure is null)
        {
            Failure = $"the run itself failed at operation {_device.Operations}: {e}";
        }

        JournalRounds = run.JournalRounds;
        Failure ??= run.Problem;
    }

    private static int Mix(int a, long b, int c) => unchecked((int)((((uint)a * 2654435761u) ^ ((ulong)b * 0x9E3779B97F4A7C15ul) >> 17) + ((uint)c * 40503u))) & int.MaxValue;

    private void CutHere(SimulatedStorageDevice device, LogRun run, int depth, int salt, string where)
    {
        int cuts = device.IsSettled ? 1 : depth == 1 ? options.CutsPerOperation : 1;
        for (int k = 0; k < cuts && Failure is null; k++)
        {
            int cutSeed = Mix(salt, device.Operations, k);
            string how = $"{where}, cut {k}";
            try
            {
                Judge(device.Crash(cutSeed), run, depth, cutSeed, how);
            }
            catch (Exception e) when (Failure is null)
            {
                Failure = $"{how}: recovery failed: {e}";
            }
        }
    }

    private void Judge(SimulatedStorageDevice crashed, LogRun run, int depth, int cutSeed, string how)
    {
        Depth = Math.Max(Depth, depth);
        if (depth < options.MostDepth && options.NestedEvery > 0 && cutSeed % (depth == 1 ? options.NestedEvery : 6) == 0)
        {
            crashed.Boundary = inner => CutHere(inner, run, depth + 1, cutSeed, $"{how}; in its recovery before operation {inner.Operations + 1}");
        }

        FoundLog[] found = Recover(crashed, run, how, null);
        crashed.Boundary = null;
        if (Failure is null)
        {
            FoundLog[] again = Recover(crashed.Crash(cutSeed + 1), run, $"{how}, recovered twice", found);
            for (int i = 0; i < found.Length && Failure is null; i++)
            {
                if (!run.Partitions[i].IsDeleted && !found[i].IsSameAs(again[i]))
                {
                    Failure = $"{how}: {run.Partitions[i].Name} recovered as {Show(found[i])}, and after the next cut as {Show(again[i])}";
                }
            }
        }
    }

    private FoundLog[] Recover(SimulatedStorageDevice device, LogRun run, string how, FoundLog[]? before)
    {
        States++;
        using var rig = new CrashRig(device, runs: false);
        Restored += rig.Replay.RestoredBytes > 0 ? 1 : 0;
        var found = new FoundLog[run.Partitions.Count];
        for (int i = 0; i < found.Length; i++)
        {
            RunPartition partition = run.Partitions[i];
            PartitionLog log = rig.Open(partition.Name);
            if (partition.IsDeleted)
            {
                found[i] = new FoundLog { LogStart = 0, End = 0, LastStable = 0, Records = [] };
                continue; // half deleted: it need only open
            }

            try
            {
                found[i] = CrashRig.Find(log);
            }
            catch (InvalidOperationException e)
            {
                Failure ??= $"{how}: {partition.Name} [{log.LogStartOffset}, {log.LogEndOffset}): {e.Message} {Describe(device, log)}";
                return found;
            }

            if (run.Oracle.Judge(partition.Name, found[i]) is { } problem)
            {
                Failure ??= $"{how}: {partition.Name}: {problem}\n{Show(found[i])}: {string.Join(' ', found[i].Records.Select(static r => $"{r.Offset}={r.Tag}"))}; "
                    + $"committed {string.Join(' ', found[i].CommittedTags!)}; batches at {string.Join(' ', partition.Batches)}; {Describe(device, log)}";
                return found;
            }

            if (before is not null && Use(log, partition, found[i]) is { } unusable)
            {
                Failure ??= $"{how}: {partition.Name}: {unusable}";
                return found;
            }
        }

        return found;
    }

    /// <summary>A recovered log recognises retries of what it holds, and goes on at its end.</summary>
    private static string? Use(PartitionLog log, RunPartition partition, FoundLog found)
    {
        foreach ((long offset, _, byte[] bytes) in LogRun.Retriable(partition, found.LogStart, found.End))
        {
            AppendResult retried = log.Append((byte[])bytes.Clone(), AppendOrigin.Client);
            if (retried.Status != AppendStatus.Duplicate || retried.BaseOffset != offset)
            {
                return $"a retry of the batch at {offset} was answered {retried}";
            }
        }

        AppendResult appended = log.Append((byte[])OneMore.Clone(), AppendOrigin.Client);
        return appended.Status == AppendStatus.Appended && appended.BaseOffset == found.End
            ? null : $"the log ends at {found.End}, and the next append was answered {appended}";
    }

    private static string Describe(SimulatedStorageDevice device, PartitionLog log) =>
        string.Join("; ", log.Recovery.Notes) + "\n" + string.Join('\n', device.ListFiles(log.Directory).Select(name => $"{name} {device.FileLength($"{log.Directory}/{name}")}"));

    private static string Show(FoundLog log) =>
        $"[{log.LogStart}, {log.End}) stable to {log.LastStable} with {log.Records.Count} records, {log.CommittedTags?.Count} committed";
}
