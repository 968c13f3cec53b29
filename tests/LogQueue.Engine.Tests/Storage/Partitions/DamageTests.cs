using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>What damage and trouble of the disk do: never lost silently, never served wrong, never thrown at the opener.</summary>
public sealed class DamageTests
{
    private static readonly LogOptions Small = new() { SegmentBytes = 1500, IndexIntervalBytes = 200, PreallocateFirstBytes = 512, PreallocateStepBytes = 1024 };

    [Fact]
    public void What_a_damaged_log_showed_to_readers_outlives_a_power_cut()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using (var rig = new StorageRig(device, DamageRig.Options))
        {
            DamageRig.Fill(rig, 330);
            rig.Log.Append(TestBatches.Build(1, rig.Log.LogEndOffset, TestBatches.StartMs + rig.Log.LogEndOffset), AppendOrigin.Client);
        } // killed: the last record is in the page cache only

        string path = DamageRig.Logs(device)[0];
        device.Delete(DamageRig.FileOf(device, SegmentFileName.Seal));
        device.FlipBit(path, 30_000 * 8);
        long end;
        using (var rig = new StorageRig(device, DamageRig.Options))
        {
            Assert.Single(rig.Log.Damage);
            end = rig.Log.HighWatermark;
        }

        for (int seed = 0; seed < 20; seed++)
        {
            using var again = new StorageRig(device.Crash(seed), DamageRig.Options);
            Assert.Equal(end, again.Log.LogEndOffset);
            Assert.Single(DamageRig.Survey(again.Log));
        }
    }

    [Theory]
    [InlineData(".index")]
    [InlineData(".timeindex")]
    [InlineData(".seal")]
    [InlineData(".snapshot")]
    [InlineData("recovery.ckpt")]
    [InlineData("leader-epoch-checkpoint")]
    public void A_damaged_or_lost_cache_is_rebuilt(string suffix)
    {
        SimulatedStorageDevice closed = Closed(out List<SeenRecord> expected);
        foreach (string name in closed.ListFiles(StorageRig.Directory).Where(n => n.EndsWith(suffix, StringComparison.Ordinal)))
        {
            string path = $"{StorageRig.Directory}/{name}";
            long bytes = closed.FileLength(path);
            for (long damage = -2; damage < bytes; damage += Math.Max(1, bytes / 40))
            {
                SimulatedStorageDevice device = closed.Copy();
                if (damage == -2)
                {
                    device.Delete(path);
                }
                else if (damage == -1)
                {
                    using IStorageFile file = device.Open(path, StorageOpenMode.ReadWrite);
                    file.Truncate(bytes / 2);
                }
                else
                {
                    device.FlipBit(path, (damage * 8) + (damage % 8));
                }

                using var rig = new StorageRig(device, Small);
                Assert.Empty(rig.Log.Recovery.Damage);
                Assert.Equal(expected, StorageRig.ReadAll(rig.Log, 0, ReadIsolation.Uncommitted));
                foreach (SeenRecord record in expected)
                {
                    Assert.Equal(expected.First(r => r.TimestampMs >= record.TimestampMs).Offset, rig.Log.FindOffset(record.TimestampMs)!.Value.Offset);
                }

                Assert.Equal(AppendStatus.Appended, rig.Log.Append(TestBatches.Build(1, 0), AppendOrigin.Client).Status);
            }
        }
    }

    [Fact]
    public void Damage_below_the_recovery_point_is_kept_and_reported()
    {
        SimulatedStorageDevice closed = Closed(out List<SeenRecord> expected);
        string active = $"{StorageRig.Directory}/{closed.ListFiles(StorageRig.Directory).Last(static n => n.EndsWith(".log", StringComparison.Ordinal))}";
        closed.FlipBit(active, (closed.FileLength(active) - 3) * 8);
        long bytes = closed.FileLength(active);
        using var rig = new StorageRig(closed, Small);
        Assert.NotEmpty(rig.Log.Recovery.Damage);
        Assert.Equal(0, rig.Log.Recovery.CutBytes);
        Assert.Equal(expected.Count, rig.Log.LogEndOffset);
        Assert.Equal(bytes, closed.FileLength(active));
        Assert.Equal(AppendStatus.Offline, rig.Log.Append(TestBatches.Build(1, 0), AppendOrigin.Client).Status);
        Assert.Equal(ReadStatus.Corrupt, rig.Log.Read(expected.Count - 1, 1000, ReadIsolation.Uncommitted, true).Status);
        ReadResult outside = rig.Log.Read(0, 1000, ReadIsolation.Uncommitted, true);
        Assert.Equal(ReadStatus.Ok, outside.Status);
        outside.Records.Dispose();
    }

    [Fact]
    public void A_torn_tail_behind_the_recovery_point_is_cut()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device);
        rig.Log.Append(TestBatches.Build(3, 0), AppendOrigin.Client);
        rig.Log.Commit();
        rig.Log.Append(TestBatches.Build(3, 3, valueBytes: 2000), AppendOrigin.Client);
        SimulatedStorageDevice copy = device.Copy();
        using (IStorageFile file = copy.Open($"{StorageRig.Directory}/00000000000000000000.log", StorageOpenMode.ReadWrite))
        {
            file.Truncate(rig.Log.SizeBytes - 100);
        }

        using var again = new StorageRig(copy);
        Assert.Equal(3, again.Log.LogEndOffset);
        Assert.True(again.Log.Recovery.CutBytes > 0);
        Assert.Empty(again.Log.Recovery.Damage);
    }

    [Fact]
    public void A_full_disk_refuses_appends_and_takes_them_again_when_there_is_room()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        var options = new LogOptions { PreallocateFirstBytes = 512, PreallocateStepBytes = 512 };
        using var rig = new StorageRig(device, options);
        rig.Log.Append(TestBatches.Build(3, 0), AppendOrigin.Client);
        rig.Log.Commit();
        for (int room = 0; room < 3000; room += 7)
        {
            device.CapacityBytes = UsedBytes(device) + room;
            long end = rig.Log.LogEndOffset;
            AppendResult result = rig.Log.Append(TestBatches.Build(1, end, valueBytes: 4000), AppendOrigin.Client);
            Assert.Equal(AppendStatus.DiskFull, result.Status);
            Assert.Equal(end, rig.Log.LogEndOffset);
            Assert.Equal((int)end, StorageRig.ReadAll(rig.Log, 0).Count);
        }

        Assert.False(rig.Context.Fence.IsTripped);
        device.CapacityBytes = long.MaxValue;
        Assert.Equal(AppendStatus.Appended, rig.Log.Append(TestBatches.Build(1, 3, valueBytes: 4000), AppendOrigin.Client).Status);
        rig.Log.Commit();
        using var after = new StorageRig(device.Crash(1), options);
        Assert.Equal([0, 1, 2, 3], StorageRig.ReadAll(after.Log, 0).Select(static r => r.Tag));
    }

    [Fact]
    public void A_failed_write_fences_the_directory_and_reads_go_on()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device);
        rig.Log.Append(TestBatches.Build(3, 0), AppendOrigin.Client);
        rig.Log.Commit();
        device.Fault = static o => o.Kind == "write" ? new SimulatedFault(StorageError.InputOutput, WrittenBytes: 100) : null;
        Assert.Equal(AppendStatus.Offline, rig.Log.Append(TestBatches.Build(1, 3), AppendOrigin.Client).Status);
        device.Fault = null;
        Assert.True(rig.Context.Fence.IsTripped);
        Assert.Equal(AppendStatus.Offline, rig.Log.Append(TestBatches.Build(1, 3), AppendOrigin.Client).Status);
        Assert.Equal(3, StorageRig.ReadAll(rig.Log, 0, ReadIsolation.Uncommitted).Count);
        Assert.Throws<LogOfflineException>(() => rig.Log.AdvanceLogStart(1));
    }

    [Fact]
    public void What_a_killed_process_left_is_durable_before_it_is_served()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using (var rig = new StorageRig(device, Small))
        {
            for (int i = 0; i < 30; i++)
            {
                rig.Log.Append(TestBatches.Build(1, i, valueBytes: 100), AppendOrigin.Client);
            }
        }

        using var again = new StorageRig(device, Small);
        Assert.Equal(30, again.Log.HighWatermark);
        for (int seed = 0; seed < 20; seed++)
        {
            using var after = new StorageRig(device.Crash(seed), Small);
            Assert.Equal(30, StorageRig.ReadAll(after.Log, 0).Count);
        }
    }

    private static long UsedBytes(SimulatedStorageDevice device) =>
        device.ListFiles(StorageRig.Directory).Sum(n => device.FileLength($"{StorageRig.Directory}/{n}"));

    private static SimulatedStorageDevice Closed(out List<SeenRecord> expected)
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using var rig = new StorageRig(device, Small);
        for (int i = 0; i < 40; i++)
        {
            rig.Log.Append(TestBatches.Build(1, i, TestBatches.StartMs + (i * 37 % 500), 80, producerId: 4, producerEpoch: 0, baseSequence: i), AppendOrigin.Client);
        }

        rig.Log.CloseAsync().GetAwaiter().GetResult();
        expected = [.. Enumerable.Range(0, 40).Select(static i => new SeenRecord(i, TestBatches.StartMs + (i * 37 % 500), i))];
        return device.Copy();
    }
}
