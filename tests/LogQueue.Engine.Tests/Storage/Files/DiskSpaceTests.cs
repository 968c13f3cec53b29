using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Files;

public sealed class DiskSpaceTests
{
    [Theory]
    [InlineData(-1, 64L << 20, (64L << 20) / 20)]
    [InlineData(-1, 1L << 40, 1L << 30)]
    [InlineData(0, 1L << 40, 0)]
    [InlineData(12_345, 1L << 40, 12_345)]
    public void The_bound_is_the_setting_or_a_twentieth_of_the_disk(long setting, long totalBytes, long bound)
    {
        var device = new SimulatedStorageDevice(StorageRig.Root) { CapacityBytes = totalBytes };
        Assert.Equal(bound, DiskSpace.Create(device, StorageRig.Root, setting).MinFreeBytes);
    }

    [Fact]
    public void What_is_promised_counts_until_it_is_taken()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root) { CapacityBytes = 1_000 };
        DiskSpace space = DiskSpace.Create(device, StorageRig.Root, 300);
        Assert.True(space.TryPromise(400));
        Assert.True(space.TryPromise(300));
        Assert.False(space.TryPromise(1));
        space.Taken(300);
        Assert.True(space.TryPromise(1));
        Assert.False(space.Look());
        device.CapacityBytes = 299;
        Assert.True(space.Look());
        Assert.True(space.IsLow);
        Assert.Contains("logqueue.disk.min.free.bytes", space.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Records_and_their_preallocation_stop_at_the_bound_and_the_engines_own_logs_do_not()
    {
        const long Capacity = 10 << 20;
        const long Bound = 4 << 20;
        var device = new SimulatedStorageDevice(StorageRig.Root) { CapacityBytes = Capacity };
        using var own = new StorageRig(device, directory: "/data/own-0");
        PartitionLogContext context = own.Context with { Space = DiskSpace.Create(device, StorageRig.Root, Bound) };
        using PartitionLog log = PartitionLog.Open(context, "/data/t-0", new TopicPartition("t", 0), new LogOptions(), cleanShutdown: false);
        AppendResult result;
        int count = 0;
        while ((result = log.Append(TestBatches.Build(1, count, valueBytes: 50_000), AppendOrigin.Client)).Status == AppendStatus.Appended)
        {
            count++;
        }

        Assert.Equal(AppendStatus.DiskFull, result.Status);
        Assert.InRange(device.FreeBytes(StorageRig.Root), Bound, Bound + 60_000);
        for (int i = 0; i < 60; i++)
        {
            Assert.Equal(AppendStatus.Appended, own.Log.Append(TestBatches.Build(1, i, valueBytes: 50_000), AppendOrigin.Internal).Status);
        }

        own.Log.Commit();
        log.Commit();
        Assert.False(context.Fence.IsTripped);
        Assert.Equal(count, log.RecoveryPoint);
    }

    [Fact]
    public void Without_a_bound_everything_may_be_taken_and_the_disk_is_never_low()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root) { CapacityBytes = 0 };
        DiskSpace space = DiskSpace.Create(device, StorageRig.Root, 0);
        Assert.True(space.TryPromise(long.MaxValue));
        space.Taken(long.MaxValue);
        Assert.True(space.TryPromise(1));
        Assert.False(space.Look());
        Assert.False(space.IsLow);
    }
}
