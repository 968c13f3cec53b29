using LogQueue.Storage;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

public sealed class LogAppenderTests
{
    private static readonly LogOptions OneSecond = new() { SegmentMs = 1000 };

    [Fact]
    public void A_segment_whose_records_have_no_time_rolls_by_its_age_on_the_clock()
    {
        var device = new SimulatedStorageDevice(StorageRig.Root);
        using (var rig = new StorageRig(device, OneSecond))
        {
            Append(rig, timestampMs: -1);
            rig.Time.Advance(TimeSpan.FromMilliseconds(1000));
            Append(rig, timestampMs: -1);
            Append(rig, TestBatches.StartMs + 1);
            Assert.Equal(1, rig.Log.SegmentCount);
            rig.Time.Advance(TimeSpan.FromMilliseconds(1));
            Append(rig, TestBatches.StartMs + 1);
            Assert.Equal(2, rig.Log.SegmentCount);
            rig.Log.Commit();
        }

        using var again = new StorageRig(device, OneSecond);
        again.Time.Advance(TimeSpan.FromDays(400));
        Append(again, timestampMs: -1); // of this one nobody knows when it was made: it is of no age
        Assert.Equal(2, again.Log.SegmentCount);
    }

    [Fact]
    public void A_segment_of_timed_records_rolls_by_them_and_by_the_clock_for_a_record_without_a_time()
    {
        using var rig = new StorageRig(options: OneSecond);
        Append(rig, TestBatches.StartMs);
        rig.Time.Advance(TimeSpan.FromHours(1));
        Append(rig, TestBatches.StartMs + 1000); // a replay of old data: no second segment
        Assert.Equal(1, rig.Log.SegmentCount);
        Append(rig, timestampMs: -1);
        Assert.Equal(2, rig.Log.SegmentCount);
    }

    private static void Append(StorageRig rig, long timestampMs) => Assert.Equal(AppendStatus.Appended,
        rig.Log.Append(TestBatches.Build(1, rig.Log.LogEndOffset, timestampMs), AppendOrigin.Client).Status);
}
