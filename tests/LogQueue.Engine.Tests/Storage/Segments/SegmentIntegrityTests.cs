using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Segments;

public sealed class SegmentIntegrityTests
{
    private const int NewEpoch = 4;

    private static readonly int[] Counts = [2, 3, 1, 1, 1];

    private readonly SimulatedStorageDevice _device = LogFileRig.NewDevice();

    /// <summary>
    /// The cleaner gave the segment's names to a segment of the same length. Who still reads the old one must not take it for damaged: that
    /// would set the whole partition offline.
    /// </summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)] // its own seal was lost before
    public void A_segment_whose_names_were_given_away_is_not_checked_by_the_seal_of_another(bool hasSeal)
    {
        LogSegment segment = Unchecked();
        string seal = segment.PathOf(SegmentFileName.Seal);
        if (!hasSeal)
        {
            _device.Delete(seal);
        }

        Assert.True(segment.TryPin());
        _device.ReplaceDurably(seal, SealOfAnother(segment.SizeBytes));
        Assert.True(segment.Integrity.Check(0, segment.SizeBytes));
        segment.Integrity.Distrust(segment.SizeBytes, segment.NextOffset, isSealed: true);
        Assert.Null(segment.Integrity.BlockChecksums);
        Assert.True(segment.Integrity.Check(0, segment.SizeBytes)); // by its batches
        segment.Supersede();
        Assert.Equal(0, _device.OpenFiles);
    }

    [Fact]
    public void Damage_of_a_segment_whose_names_were_given_away_is_found()
    {
        LogSegment segment = Unchecked();
        Assert.True(segment.TryPin());
        _device.ReplaceDurably(segment.PathOf(SegmentFileName.Seal), SealOfAnother(segment.SizeBytes));
        _device.FlipBit(segment.Log.Path, 15 * 8); // in an epoch: only the seal tells
        Assert.False(segment.Integrity.Check(0, segment.SizeBytes));
        segment.Supersede();
    }

    [Fact]
    public void When_the_swap_did_not_come_about_the_seal_counts_again()
    {
        LogSegment segment = Unchecked();
        Assert.True(segment.TryPin());
        segment.Unpin();
        Assert.True(segment.Log.TryAcquire());
        segment.Integrity.Distrust(segment.SizeBytes, segment.NextOffset, isSealed: true);
        Assert.Single(segment.Integrity.BlockChecksums!);
        Assert.True(segment.Integrity.Check(0, segment.SizeBytes));
        segment.Log.Release();
        segment.Close();
    }

    /// <summary>A sealed segment as it is after a start.</summary>
    private LogSegment Unchecked()
    {
        LogSegment written = LogFileRig.Segment(_device, 0, LogFileRig.Batches(Counts));
        SegmentSealer.Seal(_device, written);
        written.Close();
        LogSegment segment = LogSegment.Open(_device, StorageRig.Directory, 0, new LeaseBudget(4), new LeaseBudget(4), writable: false);
        Assert.True(SegmentSealer.TryAdopt(_device, segment));
        Assert.Equal(segment.SizeBytes, segment.Integrity.UncheckedEnd);
        return segment;
    }

    private static byte[] SealOfAnother(long sizeBytes)
    {
        SimulatedStorageDevice device = LogFileRig.NewDevice();
        LogSegment other = LogFileRig.Segment(device, 0, LogFileRig.Batches(Counts, epoch: NewEpoch));
        SegmentSealer.Seal(device, other);
        Assert.Equal(sizeBytes, other.SizeBytes);
        other.Close();
        return device.ReadWhole(other.PathOf(SegmentFileName.Seal))!;
    }
}
