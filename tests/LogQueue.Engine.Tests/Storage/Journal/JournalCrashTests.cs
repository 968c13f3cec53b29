using LogQueue.Storage;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Journal;

/// <summary>
/// The power is cut at every operation of a run in which logs commit through the journal, roll, lose their beginning, are cut, deleted and
/// made anew. The oracle: every log is a prefix of what was appended to it, with everything acknowledged.
/// </summary>
public sealed class JournalCrashTests
{
    private static readonly string[] Names = ["a-0", "b-0", "c-0"];

    [Fact]
    public void Every_operation_may_be_the_last()
    {
        var whole = new SimulatedStorageDevice(StorageRig.Root);
        var model = new Model();
        Run(whole, model);
        Assert.InRange(model.JournalRounds, 20, 1000); // else this test shows nothing about the journal
        Assert.InRange(whole.Operations, 200, 10_000);
        long restored = 0;
        for (long cut = 1; cut <= whole.Operations; cut++)
        {
            var device = new SimulatedStorageDevice(StorageRig.Root) { CutPowerAt = cut };
            var reached = new Model();
            Run(device, reached);
            for (int seed = 0; seed < 4; seed++)
            {
                restored += Check(device.Crash(seed), reached, $"cut at {cut}, seed {seed}");
            }
        }

        Assert.True(restored > 0, "no crash needed the journal");
    }

    [Fact]
    public void Replay_and_recovery_may_be_cut_too()
    {
        var whole = new SimulatedStorageDevice(StorageRig.Root);
        Run(whole, new Model());
        for (long cut = 11; cut <= whole.Operations; cut += 17)
        {
            var device = new SimulatedStorageDevice(StorageRig.Root) { CutPowerAt = cut };
            var reached = new Model();
            Run(device, reached);
            for (int again = 1; ; again++)
            {
                SimulatedStorageDevice crashed = device.Crash((int)cut);
                crashed.CutPowerAt = again;
                try
                {
                    using JournalRig rig = Reopen(crashed, reached);
                    break;
                }
                catch (SimulatedPowerCutException)
                {
                    Check(crashed.Crash(again), reached, $"cut at {cut}, then in recovery at {again}");
                }
            }
        }
    }

    [Fact]
    public void A_failed_sync_is_final()
    {
        var whole = new SimulatedStorageDevice(StorageRig.Root);
        Run(whole, new Model());
        for (int failing = 1; failing <= whole.Syncs; failing++)
        {
            int seen = 0;
            var device = new SimulatedStorageDevice(StorageRig.Root)
            {
                Fault = o => o.Kind is "sync" or "syncdir" && ++seen == failing ? new SimulatedFault(StorageError.InputOutput) : null,
            };
            var reached = new Model();
            Run(device, reached);
            Assert.True(reached.Stopped, $"sync {failing} failed unseen");
            device.Fault = null;
            Check(device.Crash(failing), reached, $"sync {failing} failed");
        }
    }

    private static void Run(SimulatedStorageDevice device, Model model)
    {
        JournalRig? rig = null;
        try
        {
            rig = new JournalRig(device);
            foreach (string name in Names)
            {
                model.Made(name);
                rig.Open(name);
            }

            var random = new Random(5);
            for (int step = 0; step < 400 && !rig.Fence.IsTripped; step++)
            {
                Step(rig, model, random.Next(100), Names[random.Next(Names.Length)], random);
            }

            model.Stopped = rig.Fence.IsTripped;
            model.JournalRounds = rig.Journal.Rounds;
        }
        catch (Exception e) when (e is SimulatedPowerCutException or LogOfflineException or StorageException)
        {
            model.Stopped = true;
        }
    }

    private static void Step(JournalRig rig, Model model, int kind, string name, Random random)
    {
        PartitionLog log = rig.Logs[name];
        LogModel expected = model.Logs[name];
        switch (kind)
        {
            case < 60:
                int count = random.Next(1, 3);
                byte[] batch = TestBatches.Build(count, expected.TagBase + log.LogEndOffset, valueBytes: random.Next(8, 200));
                expected.End = Math.Max(expected.End, log.LogEndOffset + count);
                _ = log.Append(batch, AppendOrigin.Client);
                break;
            case < 92:
                rig.CommitAll();
                if (!rig.Fence.IsTripped)
                {
                    foreach ((string each, PartitionLog committed) in rig.Logs)
                    {
                        model.Logs[each].Acknowledged = committed.RecoveryPoint;
                    }
                }

                break;
            case < 94:
                log.Roll();
                break;
            case < 96:
                log.AdvanceLogStart(log.HighWatermark);
                expected.Acknowledged = Math.Max(expected.Acknowledged, log.RecoveryPoint);
                break;
            case < 98:
                long cut = Math.Max(log.LogStartOffset, log.LogEndOffset - 2);
                expected.Acknowledged = Math.Min(expected.Acknowledged, cut); // from here on both answers are right
                log.TruncateTo(cut);
                expected.Acknowledged = Math.Max(expected.Acknowledged, log.RecoveryPoint);
                expected.End = log.LogEndOffset;
                expected.Cuts++;
                break;
            default:
                expected.IsDeleted = true;
                log.Delete();
                if (rig.Fence.IsTripped)
                {
                    return; // no engine creates anything now
                }

                rig.Logs.Remove(name);
                rig.Device.SyncDirectory(StorageRig.Root);
                model.Made(name);
                rig.Open(name);
                break;
        }
    }

    private static JournalRig Reopen(SimulatedStorageDevice device, Model model)
    {
        var rig = new JournalRig(device);
        foreach (string name in model.Logs.Keys)
        {
            rig.Open(name);
        }

        return rig;
    }

    private static long Check(SimulatedStorageDevice device, Model model, string how)
    {
        using JournalRig rig = Reopen(device, model);
        foreach ((string name, LogModel expected) in model.Logs)
        {
            if (expected.IsDeleted)
            {
                continue; // half deleted: the engine deletes the rest when it opens
            }

            PartitionLog log = rig.Logs[name];
            string where = $"{how}, {name}";
            Assert.True(log.Recovery.Damage.Count == 0, $"{where}: {string.Join("; ", log.Recovery.Damage)}");
            List<SeenRecord> seen = StorageRig.ReadAll(log, log.LogStartOffset, ReadIsolation.Uncommitted);
            Assert.True(log.LogEndOffset >= expected.Acknowledged, $"{where}: acknowledged to {expected.Acknowledged}, ends at {log.LogEndOffset}");
            Assert.True(log.LogEndOffset <= expected.End || expected.Cuts > 0, $"{where}: appended to {expected.End} ({expected.TagBase}), ends at {log.LogEndOffset} ({seen.FirstOrDefault()})");
            for (int i = 0; i < seen.Count; i++)
            {
                long offset = log.LogStartOffset + i;
                Assert.True(seen[i].Offset == offset && seen[i].Tag == expected.TagBase + offset, $"{where}: {seen[i]} at {offset}");
            }
        }

        return rig.Replay.RestoredBytes;
    }

    private sealed class Model
    {
        private int _made;

        public Dictionary<string, LogModel> Logs { get; } = [];

        public bool Stopped { get; set; }

        public long JournalRounds { get; set; }

        public void Made(string name) => Logs[name] = new LogModel { TagBase = ++_made * 1_000_000L };
    }

    private sealed class LogModel
    {
        public long TagBase { get; init; }

        public bool IsDeleted { get; set; }

        public long Acknowledged { get; set; }

        public long End { get; set; }

        public int Cuts { get; set; }
    }
}
