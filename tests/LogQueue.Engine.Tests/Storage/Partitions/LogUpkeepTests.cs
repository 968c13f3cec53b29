using LogQueue.Storage;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>Upkeep of a log that is closed, fenced or damaged: nothing is deleted, nothing is written.</summary>
public sealed class LogUpkeepTests
{
    private static readonly LogOptions Small = new() { SegmentBytes = 2000, RetentionMs = 1000, PreallocateFirstBytes = 512 };
    private readonly SimulatedStorageDevice _device = new(StorageRig.Root);

    [Theory]
    [InlineData("closed")]
    [InlineData("fenced")]
    [InlineData("damaged")]
    public void Nothing_is_deleted_and_nothing_is_rolled_then(string how)
    {
        using StorageRig rig = Filled();
        DateTimeOffset late = rig.Time.GetUtcNow().AddHours(1);
        End(rig, how);
        string[] files = [.. _device.ListFiles(StorageRig.Directory)];
        long operations = _device.Operations;

        Assert.Equal(0, rig.Log.Retain(late));
        rig.Log.Reconfigure(Small with { Compacted = true, MaxCompactionLagMs = 1 });
        Assert.Null(rig.Log.PlanCleaning(late));
        rig.Log.TryCheckpoint();
        rig.Log.Maintain(late);

        Assert.Equal(files, _device.ListFiles(StorageRig.Directory));
        if (how != "damaged") // its checkpoint may be renewed
        {
            Assert.Equal(operations, _device.Operations);
        }
    }

    [Fact]
    public void What_is_kept_above_goes_when_the_log_is_well()
    {
        using StorageRig rig = Filled();
        Assert.InRange(rig.Log.Retain(rig.Time.GetUtcNow().AddHours(1)), 3, 50);
        Assert.Equal(rig.Log.LogEndOffset, rig.Log.LogStartOffset);
    }

    [Fact]
    public void Retention_whose_sync_fails_deletes_nothing_and_fences()
    {
        using StorageRig rig = Filled();
        rig.Log.Append(TestBatches.Build(1, rig.Log.LogEndOffset), AppendOrigin.Client);
        string[] logs = DamageRig.Logs(_device);
        _device.Fault = static o => o.Kind == "sync" ? new SimulatedFault(StorageError.InputOutput) : null;

        Assert.Equal(0, rig.Log.Retain(rig.Time.GetUtcNow().AddHours(1)));

        Assert.True(rig.Context.Fence.IsTripped);
        Assert.Equal(0, rig.Log.LogStartOffset);
        Assert.Equal(logs, DamageRig.Logs(_device).Take(logs.Length));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Who_waits_for_the_high_watermark_hears_of_it_when_the_log_start_moves_it(bool listens)
    {
        int told = 0;
        using var rig = new StorageRig(_device);
        rig.Log.Append(TestBatches.Build(4, 0), AppendOrigin.Client);
        rig.Log.Commit();
        rig.Log.HighWatermarkAdvanced = listens ? () => told++ : null;
        rig.Log.Append(TestBatches.Build(4, 4), AppendOrigin.Client);
        rig.Log.AdvanceLogStart(2);
        Assert.Equal((8L, listens ? 1 : 0), (rig.Log.HighWatermark, told));
        rig.Log.AdvanceLogStart(3); // nothing was new
        Assert.Equal(listens ? 1 : 0, told);
    }

    [Fact]
    public void A_commit_is_asked_for_only_when_something_waits_for_it()
    {
        using var rig = new StorageRig(_device);
        rig.Log.Append(TestBatches.Build(4, 0), AppendOrigin.Client);
        rig.Log.RequestCommit();
        Assert.Equal(4, rig.Log.HighWatermark);
        long operations = _device.Operations;
        rig.Log.RequestCommit();
        Assert.Equal(operations, _device.Operations);
    }

    private StorageRig Filled()
    {
        var rig = new StorageRig(_device, Small);
        for (int i = 0; i < 40; i++)
        {
            Assert.Equal(AppendStatus.Appended, rig.Log.Append(TestBatches.Build(1, i, valueBytes: 200), AppendOrigin.Client).Status);
        }

        rig.Log.Commit();
        return rig;
    }

    private void End(StorageRig rig, string how)
    {
        switch (how)
        {
            case "closed":
                rig.Log.Dispose();
                break;
            case "fenced":
                rig.Context.Fence.Trip(new IOException("the disk is gone"));
                break;
            default:
                string path = DamageRig.Logs(_device)[1];
                _device.FlipBit(path, 500 * 8);
                foreach (int _ in rig.Log.Scrub().Steps())
                {
                    // It finds the damage.
                }

                Assert.Equal(path, Assert.Single(rig.Log.Damage).What.Split('\'')[1]);
                break;
        }
    }
}
