using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.Storage.Segments;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

public sealed class RetentionRulesTests
{
    private static readonly LogOptions OneSecond = new() { RetentionMs = 1000 };
    private readonly SimulatedStorageDevice _device = new(StorageRig.Root);
    private readonly LeaseBudget _budget = new(10);

    [Fact]
    public void Records_without_a_time_are_as_old_as_their_segment()
    {
        LogSegment segment = Segment(0, 10, maxTimestampMs: -1, createdAtMs: 5000);
        Assert.False(RetentionRules.IsExpired(segment, OneSecond, At(6000)));
        Assert.True(RetentionRules.IsExpired(segment, OneSecond, At(6001)));
        Assert.False(RetentionRules.IsExpired(Segment(10, 20, maxTimestampMs: 5500, createdAtMs: 5000), OneSecond, At(6500)));
    }

    [Fact]
    public void A_segment_of_no_known_age_goes_with_the_next_one_that_goes()
    {
        LogSegment emptied = Segment(0, 10, maxTimestampMs: -1, createdAtMs: 0); // by the cleaner, and found at open
        Assert.False(RetentionRules.IsExpired(emptied, OneSecond, At(1_000_000)));
        LogSegment old = Segment(10, 20, maxTimestampMs: 100, createdAtMs: 0);
        LogSegment untimed = Segment(20, 30, maxTimestampMs: -1, createdAtMs: 8000);
        LogSegment active = Segment(30, 40, maxTimestampMs: 100, createdAtMs: 0);
        LogSegment[] all = [emptied, old, untimed, active];
        Assert.Equal(0, RetentionRules.FindLogStart(all, OneSecond, At(1100), 0, 40));
        Assert.Equal(20, RetentionRules.FindLogStart(all, OneSecond, At(8000), 0, 40));
        Assert.Equal(30, RetentionRules.FindLogStart(all, OneSecond, At(9001), 0, 40));
        Assert.Equal(0, RetentionRules.FindLogStart(all, OneSecond, At(9001), 0, 9));
    }

    private static DateTimeOffset At(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms);

    private LogSegment Segment(long baseOffset, long nextOffset, long maxTimestampMs, long createdAtMs)
    {
        LogSegment segment = LogSegment.Create(_device, StorageRig.Root, baseOffset, _budget, _budget, createdAtMs);
        segment.Adopt(nextOffset, 100, maxTimestampMs, maxTimestampMs < 0 ? -1 : nextOffset - 1, maxTimestampMs);
        return segment;
    }
}
