using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Segments;

public sealed class SegmentSealerTests
{
    private readonly SimulatedStorageDevice _device = LogFileRig.NewDevice();

    [Fact]
    public void A_sealed_segment_is_taken_over_without_reading_its_log()
    {
        LogSegment segment = Sealed();
        LogSegment again = Reopen();
        _device.Fault = static o => o.Kind == "read" && o.Path.EndsWith(".log", StringComparison.Ordinal) ? new SimulatedFault(LogQueue.Storage.StorageError.InputOutput) : null;
        Assert.True(SegmentSealer.TryAdopt(_device, again));
        Assert.Equal((segment.NextOffset, segment.SizeBytes, segment.MaxTimestampMs), (again.NextOffset, again.SizeBytes, again.MaxTimestampMs));
        Assert.Equal(again.SizeBytes, again.Integrity.UncheckedEnd);
        Assert.Equal(segment.OffsetIndex.Count, again.OffsetIndex.Count);
        segment.Close();
        again.Close();
    }

    [Fact]
    public void A_removed_segment_is_not_sealed()
    {
        LogSegment segment = LogFileRig.Segment(_device, 0, LogFileRig.Batches([2, 3]));
        segment.Remove(null);
        SegmentSealer.Seal(_device, segment);
        Assert.Empty(_device.ListFiles(StorageRig.Directory));
    }

    [Theory]
    [InlineData("no seal")]
    [InlineData("the seal of another segment")]
    [InlineData("a seal that reaches into the next segment")]
    [InlineData("a longer log")]
    [InlineData("another index")]
    [InlineData("an index that cannot be right")]
    [InlineData("a time index that cannot be right")]
    public void What_does_not_fit_is_not_taken_over(string what)
    {
        LogSegment segment = Sealed();
        string seal = segment.PathOf(SegmentFileName.Seal);
        switch (what)
        {
            case "no seal":
                _device.Delete(seal);
                break;
            case "the seal of another segment":
                LogSegment other = LogFileRig.Segment(_device, 10, LogFileRig.Batches([2, 3], baseOffset: 10));
                SegmentSealer.Seal(_device, other);
                _device.Rename(other.PathOf(SegmentFileName.Seal), seal);
                other.Close();
                break;
            case "a longer log":
                Append(segment.Log.Path, [0]);
                break;
            case "another index":
                Append(segment.PathOf(SegmentFileName.OffsetIndex), new byte[8]);
                break;
            case "an index that cannot be right":
                Append(segment.PathOf(SegmentFileName.OffsetIndex), new byte[8]);
                _device.ReplaceDurably(seal, SegmentSeal.Of(_device, segment).ToBytes());
                break;
            case "a time index that cannot be right":
                Append(segment.PathOf(SegmentFileName.TimeIndex), new byte[12]);
                _device.ReplaceDurably(seal, SegmentSeal.Of(_device, segment).ToBytes());
                break;
        }

        LogSegment again = Reopen();
        long next = what.Contains("next segment", StringComparison.Ordinal) ? segment.NextOffset - 1 : long.MaxValue;
        Assert.False(SegmentSealer.TryLoad(_device, again, next) is { } found && SegmentSealer.TryAdopt(_device, again, found));
        Assert.True(next != long.MaxValue || !SegmentSealer.TryAdopt(_device, again));
        Assert.Equal(0, again.SizeBytes);
        Assert.Null(again.Integrity.BlockChecksums);
        segment.Log.Release();
        segment.Close();
        again.Close();
    }

    [Fact]
    public void The_checksums_of_the_seal_are_there_while_something_is_unchecked()
    {
        LogSegment segment = Sealed();
        Assert.Null(segment.Integrity.BlockChecksums); // just written, so all was checked
        segment.Integrity.Distrust(segment.SizeBytes, segment.NextOffset, isSealed: true);
        Assert.Single(segment.Integrity.BlockChecksums!);
        Assert.True(segment.Integrity.Check(0, segment.SizeBytes));
        Assert.Null(segment.Integrity.BlockChecksums);
        segment.Log.Release();
        segment.Close();
    }

    /// <summary>A sealed segment under a lease.</summary>
    private LogSegment Sealed()
    {
        LogSegment segment = LogFileRig.Segment(_device, 0, LogFileRig.Batches([2, 3, 1, 1, 1]));
        SegmentSealer.Seal(_device, segment);
        Assert.True(segment.OffsetIndex.Count > 0 && segment.TimeIndex.Count > 0);
        Assert.True(segment.Log.TryAcquire());
        return segment;
    }

    private LogSegment Reopen() => LogSegment.Open(_device, StorageRig.Directory, 0, new LeaseBudget(4), new LeaseBudget(4), writable: false);

    private void Append(string path, byte[] bytes)
    {
        using IStorageFile file = _device.Open(path, StorageOpenMode.ReadWrite);
        file.Write(file.Length, bytes);
    }
}
