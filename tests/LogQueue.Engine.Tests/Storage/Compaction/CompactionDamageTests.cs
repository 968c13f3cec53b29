using LogQueue.Storage;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Compaction;

/// <summary>
/// A segment goes bad while a reader looks at it and the cleaner puts a healthy one in its place: the damage is that of a file which is no
/// part of the log any more, so nothing is quarantined, and the reader is served from the new one.
/// </summary>
public sealed class CompactionDamageTests
{
    private const string Log = $"{StorageRig.Directory}/00000000000000000000.log";

    [Theory]
    [InlineData("read", true)]
    [InlineData("read", false)]
    [InlineData("time", true)]
    [InlineData("time", false)]
    [InlineData("latest", true)]
    [InlineData("latest", false)]
    public void Damage_of_a_replaced_segment_is_not_that_of_the_log(string how, bool isTransient)
    {
        bool isSwapped = true;
        for (int at = 1; isSwapped; at++)
        {
            var device = new SimulatedStorageDevice(StorageRig.Root);
            Fill(device, how);
            string what = $"{how}, swapped at read {at}";
            using (var rig = new StorageRig(device, CompactionRig.Small))
            {
                isSwapped = Swap(rig, at, isTransient, () => Read(rig.Log, how));
                Assert.True(rig.Log.Damage.Count == (isSwapped || !isTransient ? 0 : 1), $"{what}: {string.Join("; ", rig.Log.Damage)}");
                if (!isSwapped)
                {
                    break;
                }

                Assert.False(rig.Context.Fence.IsTripped);
                Read(rig.Log, how);
                CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "last")]));
                rig.Log.Commit();
            }

            using var again = new StorageRig(device, CompactionRig.Small);
            Assert.Empty(again.Log.Damage);
            Assert.False(device.FileExists($"{StorageRig.Directory}/{QuarantineFile.FileName}"), what);
            Assert.Equal(["b", "a", "c", "a"], CompactionRig.Read(again.Log).Select(static r => r.Key));
            Assert.InRange(at, 1, 30);
        }
    }

    [Fact]
    public void A_segment_whose_damage_is_known_is_not_swapped_away()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        Fill(device, "read");
        using var rig = new StorageRig(device, CompactionRig.Small);
        byte[] before = device.Content(Log);
        bool done = false;
        device.Fault = o =>
        {
            if (!done && o.Kind == "create" && o.Path.Contains(".seal.cleaned", StringComparison.Ordinal))
            {
                done = true; // the cleaner has read all of it by now
                device.FlipBit(Log, 20 * 8);
                Assert.Equal(ReadStatus.Corrupt, rig.Log.Read(0, 4096, ReadIsolation.LogEnd, atLeastOneBatch: true).Status);
                device.FlipBit(Log, 20 * 8);
            }

            return null;
        };

        Assert.False(CompactionRig.Clean(rig.Log).IsComplete);

        Assert.True(done);
        Assert.Single(rig.Log.Damage);
        Assert.Equal(before, device.Content(Log));
    }

    /// <summary>
    /// Runs the action, and a cleaning before one of its reads of the log file; false when it has no such read, or the damage is known by
    /// then, and forbids the cleaning.
    /// </summary>
    private static bool Swap(StorageRig rig, int at, bool isTransient, Action action)
    {
        var device = (SimulatedStorageDevice)rig.Device;
        int reads = 0;
        bool isCleaning = false;
        bool isSwapped = false;
        if (isTransient)
        {
            device.FlipBit(Log, 20 * 8);
        }

        device.Fault = o =>
        {
            if (isCleaning && !isTransient && o.Kind == "rename" && o.Path == Log + ".cleaned")
            {
                device.FlipBit(Log, 20 * 8); // the old file, just before its name goes
            }

            if (!isCleaning && o.Kind == "read" && o.Path == Log && ++reads == at)
            {
                isCleaning = true;
                if (isTransient)
                {
                    device.FlipBit(Log, 20 * 8); // it was read wrong before, and is right again
                }

                isSwapped = rig.Log.Damage.Count == 0;
                Assert.True(CompactionRig.Clean(rig.Log).IsComplete);
                Assert.Equal(isSwapped ? 2 : 3, rig.Log.SegmentCount);
            }

            return null;
        };
        action();
        device.Fault = null;
        return isSwapped;
    }

    private static void Read(PartitionLog log, string how)
    {
        switch (how)
        {
            case "read":
                using (IDisposable? records = log.Read(1, 4096, ReadIsolation.LogEnd, atLeastOneBatch: true).Records)
                {
                    break;
                }

            case "time": _ = log.FindOffset(TestBatches.StartMs + 1); break;
            default: _ = log.FindMaxTimestamp(); break;
        }
    }

    /// <summary>Two sealed segments that become one; the first one's latest record is deleted when its latest is asked for.</summary>
    private static void Fill(SimulatedStorageDevice device, string how)
    {
        using var rig = new StorageRig(device, CompactionRig.Small);
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "1")], TestBatches.StartMs + (how == "latest" ? 50 : 0)));
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("b", "1")], TestBatches.StartMs + 1));
        CompactionRig.RollAndSeal(rig.Log);
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("a", "2")], TestBatches.StartMs + 2));
        CompactionRig.Append(rig.Log, CompactionRig.Batch([("c", "2")], TestBatches.StartMs + 3));
        CompactionRig.RollAndSeal(rig.Log);
        if (how == "latest")
        {
            rig.Log.AdvanceLogStart(1);
        }
    }
}
