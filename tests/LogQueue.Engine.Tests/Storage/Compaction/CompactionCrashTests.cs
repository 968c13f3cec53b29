using LogQueue.Records;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Compaction;

/// <summary>
/// The power is cut at every operation of a cleaning, and again at every operation of the recovery after it. The oracle: no damage, the
/// last record of every key and every tombstone are there, nothing that was not appended is, offsets rise, the log ends where it did; and
/// a cleaning after that ends where an uncut one does.
/// </summary>
public sealed class CompactionCrashTests
{
    private static readonly int Seeds = Environment.GetEnvironmentVariable("LOGQUEUE_LONG") == "1" ? 60 : 6;

    [Fact]
    public void A_cut_anywhere_in_a_cleaning_leaves_the_old_or_the_new_segments()
    {
        List<KeyedRecord> before = Before(out List<KeyedRecord> cleaned);
        int states = 0;
        for (int cut = 1; ; cut++)
        {
            SimulatedStorageDevice device = CutAt(cut, out bool isDone);
            for (int seed = 0; seed < Seeds; seed++)
            {
                Check(device.Crash(seed), before, cleaned, $"cut at {cut}, seed {seed}");
                states++;
            }

            if (isDone)
            {
                break;
            }
        }

        Assert.InRange(states, 200, 1_000_000);
    }

    [Fact]
    public void A_cut_in_the_recovery_after_it_changes_nothing_of_that()
    {
        List<KeyedRecord> before = Before(out List<KeyedRecord> cleaned);
        bool isDone = false;
        for (int cut = 1; !isDone; cut += 2)
        {
            SimulatedStorageDevice device = CutAt(cut, out isDone);
            bool isOpen = false;
            for (int again = 1; !isOpen; again++)
            {
                SimulatedStorageDevice crashed = device.Crash(cut + again);
                crashed.CutPowerAt = again;
                try
                {
                    using var rig = new StorageRig(crashed, CompactionRig.Small);
                    isOpen = true;
                }
                catch (SimulatedPowerCutException)
                {
                    Check(crashed.Crash(again), before, cleaned, $"cut at {cut}, then in recovery at {again}");
                }
            }
        }
    }

    private static void Check(SimulatedStorageDevice device, List<KeyedRecord> before, List<KeyedRecord> cleaned, string how)
    {
        using var rig = new StorageRig(device, CompactionRig.Small);
        Assert.True(rig.Log.Recovery.Damage.Count == 0, $"{how}: {string.Join("; ", rig.Log.Recovery.Damage)}");
        List<KeyedRecord> seen = CompactionRig.Read(rig.Log);
        Assert.True(seen.Select(static r => r.Offset).SequenceEqual(seen.Select(static r => r.Offset).Distinct().Order()), $"{how}: the order");
        Assert.True(!seen.Except(before).Any(), $"{how}: {string.Join(", ", seen.Except(before))} was never written");
        Assert.True(!cleaned.Except(seen).Any(), $"{how}: {string.Join(", ", cleaned.Except(seen))} is missing");
        Assert.DoesNotContain(device.ListFiles(StorageRig.Directory), static n => n.EndsWith(".cleaned", StringComparison.Ordinal));
        Assert.Equal((0, before[^1].Offset + 1), (rig.Log.LogStartOffset, rig.Log.LogEndOffset));
        rig.Log.Commit();
        CompactionRig.Clean(rig.Log);
        Assert.True(cleaned.SequenceEqual(CompactionRig.Read(rig.Log)), $"{how}: cleaned again, the log differs");
    }

    private static List<KeyedRecord> Before(out List<KeyedRecord> cleaned)
    {
        using StorageRig rig = Prepare();
        List<KeyedRecord> before = CompactionRig.Read(rig.Log);
        CompactionRig.Clean(rig.Log);
        cleaned = CompactionRig.Read(rig.Log);
        Assert.True(cleaned.Count < before.Count);
        Assert.Contains(cleaned, static r => r.Value is null);
        return before;
    }

    private static SimulatedStorageDevice CutAt(int operation, out bool isDone)
    {
        StorageRig rig = Prepare();
        var device = (SimulatedStorageDevice)rig.Device;
        device.CutPowerAt = device.Operations + operation;
        try
        {
            CompactionRig.Clean(rig.Log);
            isDone = true;
        }
        catch (SimulatedPowerCutException)
        {
            isDone = false;
        }

        return device;
    }

    /// <summary>A log that is durable as it stands: some sealed segments in several groups, a transaction of each outcome, an active end.</summary>
    private static StorageRig Prepare()
    {
        var rig = new StorageRig(new SimulatedStorageDevice(StorageRig.Root), CompactionRig.Small);
        var random = new Random(5);
        for (int i = 0; i < 12; i++)
        {
            CompactionRig.Append(rig.Log, CompactionRig.Batch(
                [($"k{random.Next(5)}", $"{i}" + new string('x', random.Next(80, 160))), ($"k{random.Next(8)}", random.Next(3) == 0 ? null : $"{i}")],
                TestBatches.StartMs + i, i % 2 == 0 ? CompressionType.None : CompressionType.Lz4));
            if (i is 1 or 8)
            {
                CompactionRig.Append(rig.Log, CompactionRig.Batch([("gone", i == 1 ? "x" : null)], TestBatches.StartMs + i));
            }

            if (i == 4)
            {
                CompactionRig.Append(rig.Log, CompactionRig.Batch([("k1", "bad")], producerId: 7, sequence: 0, transactional: true));
                CompactionRig.Append(rig.Log, TestBatches.Marker(7, 0, commit: false));
            }

            if (i % 2 == 1)
            {
                CompactionRig.RollAndSeal(rig.Log);
            }
        }

        CompactionRig.Append(rig.Log, CompactionRig.Batch([("k0", "active")]));
        rig.Log.Commit();
        return rig;
    }
}
