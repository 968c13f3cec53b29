using LogQueue.Storage;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

public sealed class LogSummaryTests
{
    private static readonly LogSummary Old = new(Guid.Empty, 3, 10, 10, 0, 0, 4096, 9000, 1000);

    [Fact]
    public void It_fits_only_the_file_that_it_describes()
    {
        SimulatedStorageDevice device = DamageRig.Closed();
        LogSummary summary;
        using (var rig = new StorageRig(device, DamageRig.Options))
        {
            summary = rig.Log.Summarize();
        }

        Assert.True(summary.Fits(device, StorageRig.Directory));
        Assert.False((summary with { SegmentBytes = -1 }).Fits(device, StorageRig.Directory));
        Assert.False((summary with { SegmentBytes = summary.SegmentBytes + 1 }).Fits(device, StorageRig.Directory));
        device.Delete(DamageRig.Logs(device)[^1]);
        Assert.False(summary.Fits(device, StorageRig.Directory));
    }

    [Theory]
    [InlineData(100, 1100, false)]
    [InlineData(100, 1101, true)]
    [InlineData(-1, 1_000_000, false)]
    public void A_log_that_is_older_than_its_retention_needs_upkeep(long retentionMs, long nowMs, bool needs) =>
        Assert.Equal(needs, Old.NeedsUpkeep(new LogOptions { RetentionMs = retentionMs }, nowMs));

    [Theory]
    [InlineData(9000, false)]
    [InlineData(8999, true)]
    [InlineData(-1, false)]
    public void A_log_that_is_larger_than_its_retention_needs_upkeep(long retentionBytes, bool needs) =>
        Assert.Equal(needs, Old.NeedsUpkeep(new LogOptions { RetentionMs = -1, RetentionBytes = retentionBytes }, 2000));

    [Fact]
    public void A_compacted_log_needs_upkeep_and_one_that_keeps_all_or_is_empty_does_not()
    {
        var compacted = new LogOptions { Compacted = true, DeleteOld = false, RetentionMs = 0, RetentionBytes = 0 };
        Assert.True(Old.NeedsUpkeep(compacted, 5000));
        Assert.False(Old.NeedsUpkeep(compacted with { Compacted = false }, 5000));
        Assert.False((Old with { LogStartOffset = 10 }).NeedsUpkeep(compacted, 5000));
    }
}
