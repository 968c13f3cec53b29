using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

/// <summary>A check of the files at rest beside retention, closing and the fence.</summary>
public sealed class LogScrubTests
{
    private static readonly LogOptions Small = new() { SegmentBytes = 2000, RetentionMs = -1, PreallocateFirstBytes = 512 };
    private readonly SimulatedStorageDevice _device = new(StorageRig.Root);

    [Fact]
    public void A_segment_that_retention_takes_between_two_steps_is_no_damage()
    {
        using StorageRig rig = Filled();
        LogScrub scrub = rig.Log.Scrub();
        using IEnumerator<int> steps = scrub.Steps().GetEnumerator();
        Assert.True(steps.MoveNext()); // the first block of the first segment
        rig.Log.AdvanceLogStart(rig.Log.LogEndOffset);
        Finish(steps);
        Assert.Empty(rig.Log.Damage);
        Assert.Equal(0, scrub.RebuiltCaches);
    }

    [Theory]
    [InlineData("removed")]
    [InlineData("closed")]
    [InlineData("fenced")]
    public void A_lost_seal_is_not_made_again_for_a_log_that_ended_meanwhile(string how)
    {
        using StorageRig rig = Filled();
        string seal = Seals()[1];
        _device.Delete(seal);
        LogScrub scrub = rig.Log.Scrub();
        using IEnumerator<int> steps = scrub.Steps().GetEnumerator();
        Assert.True(steps.MoveNext());
        switch (how)
        {
            case "removed": rig.Log.AdvanceLogStart(rig.Log.LogEndOffset); break;
            case "closed": rig.Log.Dispose(); break;
            default: rig.Context.Fence.Trip(new IOException("the disk is gone")); break;
        }

        Finish(steps);
        Assert.False(_device.FileExists(seal));
        Assert.Equal(0, scrub.RebuiltCaches);
        Assert.Empty(rig.Log.Damage);
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(1, 0)] // of another length
    public void A_seal_of_another_segment_is_replaced(int slot, int other)
    {
        using StorageRig rig = Filled(firstBytes: 150);
        string[] seals = Seals();
        byte[] right = _device.Content(seals[slot]);
        _device.ReplaceDurably(seals[slot], _device.Content(seals[other]));
        string[] logs = DamageRig.Logs(_device);
        Assert.Equal(other != 0, _device.FileLength(logs[slot]) == _device.FileLength(logs[other]));
        LogScrub scrub = rig.Log.Scrub();
        Finish(scrub.Steps().GetEnumerator());
        Assert.Equal(1, scrub.RebuiltCaches);
        Assert.Equal(right, _device.Content(seals[slot]));
        Assert.Empty(rig.Log.Damage);
    }

    [Fact]
    public void A_damaged_snapshot_goes_and_one_that_went_by_itself_is_passed_over()
    {
        using StorageRig rig = Filled(producerId: 5);
        string[] snapshots = [.. _device.ListFiles(StorageRig.Directory).Where(static n => n.EndsWith(".snapshot", StringComparison.Ordinal))
            .Select(static n => $"{StorageRig.Directory}/{n}")];
        Assert.InRange(snapshots.Length, 3, 50);
        _device.FlipBit(snapshots[1], 99);
        bool isGone = false;
        _device.Fault = o =>
        {
            if (!isGone && o.Kind == "exists" && o.Path == snapshots[2])
            {
                isGone = true;
                _device.Delete(snapshots[2]); // with its segment, between the listing and here
            }

            return null;
        };
        LogScrub scrub = rig.Log.Scrub();
        Finish(scrub.Steps().GetEnumerator());
        Assert.True(isGone);
        Assert.Equal(1, scrub.RebuiltCaches);
        Assert.Equal([true, false, false], snapshots[..3].Select(_device.FileExists));
    }

    private string[] Seals() => [.. _device.ListFiles(StorageRig.Directory)
        .Where(static n => n.EndsWith(SegmentFileName.Seal, StringComparison.Ordinal)).Select(static n => $"{StorageRig.Directory}/{n}")];

    private static void Finish(IEnumerator<int> steps)
    {
        while (steps.MoveNext())
        {
            Assert.InRange(steps.Current, 0, int.MaxValue);
        }
    }

    private StorageRig Filled(long producerId = -1, int firstBytes = 200)
    {
        var rig = new StorageRig(_device, Small);
        for (int i = 0; i < 40; i++)
        {
            byte[] batch = producerId < 0 ? TestBatches.Build(1, i, valueBytes: i == 0 ? firstBytes : 200)
                : TestBatches.Build(1, i, valueBytes: 200, producerId: producerId, producerEpoch: 0, baseSequence: i);
            Assert.Equal(AppendStatus.Appended, rig.Log.Append(batch, AppendOrigin.Client).Status);
            rig.Log.Commit();
        }

        return rig;
    }
}
