using LogQueue.Storage;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>PartitionLog.WaitUntilDurable: the caller's own thread syncs.</summary>
public sealed class BlockingWaitTests
{
    [Fact]
    public void What_was_waited_for_survives_every_power_cut()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device);
        for (int i = 0; i < 20; i++)
        {
            AppendResult result = rig.Log.Append(TestBatches.Build(1, i), AppendOrigin.Client);
            rig.Log.WaitUntilDurable(result.NextOffset);
            Assert.Equal(result.NextOffset, rig.Log.RecoveryPoint);
            using var after = new StorageRig(device.Crash(i));
            Assert.Equal(i + 1, after.Log.LogEndOffset);
        }
    }

    [Fact]
    public void What_is_durable_already_costs_no_sync()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device);
        rig.Log.WaitUntilDurable(rig.Log.Append(TestBatches.Build(2, 0), AppendOrigin.Client).NextOffset);
        long before = device.Syncs;
        rig.Log.WaitUntilDurable(1);
        rig.Log.WaitUntilDurable(2);
        Assert.Equal(before, device.Syncs);
    }

    [Fact]
    public void A_failed_sync_is_told_and_final()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device);
        AppendResult result = rig.Log.Append(TestBatches.Build(1, 0), AppendOrigin.Client);
        device.Fault = static operation => operation.Kind == "sync" ? new SimulatedFault(StorageError.InputOutput) : null;
        Assert.Throws<LogOfflineException>(() => rig.Log.WaitUntilDurable(result.NextOffset));
        Assert.Equal(0, rig.Log.RecoveryPoint);
        Assert.True(rig.Context.Fence.IsTripped);
    }

    [Fact]
    public void An_offset_that_was_never_written_is_refused()
    {
        using var rig = new StorageRig();
        LogOfflineException refused = Assert.Throws<LogOfflineException>(() => rig.Log.WaitUntilDurable(7));
        Assert.Contains("below 7", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Threads_that_wait_together_share_syncs()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device);
        const int Threads = 8;
        const int Batches = 40;
        long before = device.Syncs;
        await Task.WhenAll(Enumerable.Range(0, Threads).Select(thread => Task.Run(() =>
        {
            for (int i = 0; i < Batches; i++)
            {
                AppendResult result = rig.Log.Append(TestBatches.Build(1, (thread * Batches) + i), AppendOrigin.Client);
                rig.Log.WaitUntilDurable(result.NextOffset);
                Assert.True(rig.Log.RecoveryPoint >= result.NextOffset);
            }
        }))).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.Equal(Threads * Batches, rig.Log.RecoveryPoint);
        Assert.InRange(device.Syncs - before, 1, Threads * Batches);
    }
}
