using LogQueue.Storage;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>What an append does when the disk fails under it, by kind of failure, and what a restart finds.</summary>
public sealed class DiskErrorTests
{
    private static readonly LogOptions Small = new() { SegmentBytes = 8_000, PreallocateFirstBytes = 1_000, PreallocateStepBytes = 1_000 };

    [Theory]
    [InlineData(StorageError.NoSpace, AppendStatus.DiskFull)]
    [InlineData(StorageError.ShortWrite, AppendStatus.DiskFull)]
    [InlineData(StorageError.TooManyFiles, AppendStatus.OutOfResources)]
    [InlineData(StorageError.OutOfMemory, AppendStatus.OutOfResources)]
    [InlineData(StorageError.InputOutput, AppendStatus.Offline)]
    [InlineData(StorageError.ReadOnly, AppendStatus.Offline)]
    [InlineData(StorageError.Permission, AppendStatus.Offline)]
    [InlineData(StorageError.Other, AppendStatus.Offline)]
    public void A_failed_write_leaves_the_log_as_it_was(StorageError error, AppendStatus expected)
    {
        bool isFinal = expected == AppendStatus.Offline;
        foreach (string kind in (string[])["write", "allocate", "create"])
        {
            var device = new SimulatedStorageDevice(StorageRig.Root);
            using var rig = new StorageRig(device, Small);
            long kept = FillUntilNextRolls(rig.Log);
            rig.Log.Commit();
            device.Fault = o => o.Kind == kind ? new SimulatedFault(error, WrittenBytes: 100) : null;

            AppendResult result = rig.Log.Append(TestBatches.Build(1, kept, valueBytes: 900), AppendOrigin.Client);

            Assert.Equal(expected, result.Status);
            Assert.Contains(StorageRig.Root, result.Detail, StringComparison.Ordinal);
            Assert.Equal(isFinal, rig.Context.Fence.IsTripped);
            AssertHolds(rig.Log, kept);
            device.Fault = null;
            if (!isFinal)
            {
                Assert.Equal(AppendStatus.Appended, rig.Log.Append(TestBatches.Build(1, kept, valueBytes: 900), AppendOrigin.Client).Status);
                AssertHolds(rig.Log, ++kept);
                rig.Log.Commit();
            }

            using var after = new StorageRig(device.Crash(seed: 1), Small);
            Assert.Empty(after.Log.Recovery.Damage);
            AssertHolds(after.Log, kept);
        }
    }

    [Fact]
    public void A_disk_that_is_full_at_any_byte_of_a_batch_loses_and_shows_nothing_of_it()
    {
        byte[] batch = TestBatches.Build(3, 1, valueBytes: 400);
        for (int written = 0; written <= batch.Length; written++)
        {
            var device = new SimulatedStorageDevice(StorageRig.Root);
            using var rig = new StorageRig(device);
            rig.Log.Append(TestBatches.Build(1, 0), AppendOrigin.Client);
            int some = written;
            device.Fault = o => o.Kind == "write" ? new SimulatedFault(StorageError.NoSpace, some) : null;
            Assert.Equal(AppendStatus.DiskFull, rig.Log.Append([.. batch], AppendOrigin.Client).Status);
            device.Fault = null;
            AssertHolds(rig.Log, 1);
            Assert.Equal(1, rig.Log.Append(TestBatches.Build(1, 1), AppendOrigin.Client).BaseOffset);
            rig.Log.Commit();
            using var after = new StorageRig(device.Crash(seed: written));
            AssertHolds(after.Log, 2);
        }
    }

    [Fact]
    public void A_failed_write_that_cannot_be_taken_back_is_final()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device);
        rig.Log.Append(TestBatches.Build(1, 0), AppendOrigin.Client);
        device.Fault = static o => o.Kind is "write" or "truncate" ? new SimulatedFault(StorageError.NoSpace, 70) : null;

        Assert.Equal(AppendStatus.Offline, rig.Log.Append(TestBatches.Build(1, 1), AppendOrigin.Client).Status);

        Assert.True(rig.Context.Fence.IsTripped);
        AssertHolds(rig.Log, 1);
    }

    [Fact]
    public void A_restart_after_a_failed_sync_believes_the_disk_and_not_the_cache()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using (var rig = new StorageRig(device))
        {
            rig.Log.Append(TestBatches.Build(1, 0), AppendOrigin.Client);
            rig.Log.Commit();
            rig.Log.Append(TestBatches.Build(1, 1, valueBytes: 5_000), AppendOrigin.Client);
            device.Fault = static o => o.Kind == "sync" ? new SimulatedFault(StorageError.InputOutput) : null;
            rig.Log.Commit();
            Assert.True(rig.Context.Fence.IsTripped);
            device.Fault = null;
        }

        using (var again = new StorageRig(device))
        {
            AssertHolds(again.Log, 1); // the second record reads well from the cache, but the disk never got it
            again.Log.Append(TestBatches.Build(1, 1), AppendOrigin.Client);
            again.Log.Commit();
            Assert.Equal(2, again.Log.RecoveryPoint);
        }

        for (int seed = 0; seed < 20; seed++)
        {
            using var after = new StorageRig(device.Crash(seed));
            Assert.Empty(after.Log.Recovery.Damage);
            AssertHolds(after.Log, 2);
        }
    }

    [Fact]
    public void Without_room_for_a_checkpoint_commits_and_deletions_go_on()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device, Small);
        device.Fault = static o => o.Kind is "create" or "write" && (o.Path.Contains("snapshot", StringComparison.Ordinal)
            || o.Path.Contains(".seal", StringComparison.Ordinal)) ? new SimulatedFault(StorageError.NoSpace) : null;
        for (int i = 0; i < 40; i++)
        {
            byte[] batch = TestBatches.Build(1, i, valueBytes: 900, producerId: 5, producerEpoch: 0, baseSequence: i);
            Assert.Equal(AppendStatus.Appended, rig.Log.Append(batch, AppendOrigin.Client).Status);
            rig.Log.Commit();
        }

        rig.Log.AdvanceLogStart(20);

        Assert.False(rig.Context.Fence.IsTripped, rig.Context.Fence.Cause?.Message);
        Assert.Equal(40, rig.Log.RecoveryPoint);
        device.Fault = null;
        using var after = new StorageRig(device.Crash(seed: 3), Small);
        Assert.Equal(20, after.Log.LogStartOffset);
        Assert.Equal(40, after.Log.LogEndOffset);
        byte[] again = TestBatches.Build(1, 39, valueBytes: 900, producerId: 5, producerEpoch: 0, baseSequence: 39);
        Assert.Equal(AppendStatus.Duplicate, after.Log.Append(again, AppendOrigin.Client).Status);
    }

    [Fact]
    public void A_log_start_that_could_not_be_saved_is_saved_by_the_next_call()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device);
        rig.Log.Append(TestBatches.Build(10, 0), AppendOrigin.Client);
        rig.Log.Commit();
        device.Fault = static o => o.Kind is "open" or "create" && o.Path.EndsWith("recovery.ckpt", StringComparison.Ordinal)
            ? new SimulatedFault(StorageError.TooManyFiles) : null;

        Assert.Equal(StorageError.TooManyFiles, Assert.Throws<StorageException>(() => rig.Log.AdvanceLogStart(4)).Error);

        Assert.False(rig.Context.Fence.IsTripped);
        device.Fault = null;
        rig.Log.AdvanceLogStart(4);
        using var after = new StorageRig(device.Crash(seed: 0));
        Assert.Equal(4, after.Log.LogStartOffset);
    }

    private static long FillUntilNextRolls(PartitionLog log)
    {
        long count = 0;
        while (log.SizeBytes < 7_400)
        {
            Assert.Equal(AppendStatus.Appended, log.Append(TestBatches.Build(1, count++, valueBytes: 900), AppendOrigin.Client).Status);
        }

        return count;
    }

    private static void AssertHolds(PartitionLog log, long count)
    {
        Assert.Equal(count, log.LogEndOffset);
        Assert.Equal(
            Enumerable.Range(0, (int)count).Select(static i => ((long)i, (long)i)),
            StorageRig.ReadAll(log, 0).Select(static r => (r.Offset, r.Tag)));
    }
}
