using LogQueue.Engine.Tests.Storage.Segments;
using LogQueue.Storage;
using LogQueue.Storage.Compaction;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Compaction;

public sealed class SealCheckTests : IDisposable
{
    private readonly SimulatedStorageDevice _device = LogFileRig.NewDevice();
    private readonly LogSegment _segment;

    public SealCheckTests()
    {
        _segment = LogFileRig.Segment(_device, 0, LogFileRig.Batches([1, 1, 1], valueBytes: 40_000));
        SegmentSealer.Seal(_device, _segment);
        Assert.True(_segment.Log.TryAcquire());
    }

    public void Dispose()
    {
        _segment.Log.Release();
        _segment.Close();
    }

    [Fact]
    public void A_segment_as_it_was_sealed_passes_and_so_does_one_whose_seal_is_lost()
    {
        Verify();
        _device.FlipBit(_segment.Log.Path, 8000);
        string seal = _segment.PathOf(SegmentFileName.Seal);
        LogSegment other = LogFileRig.Segment(_device, 10, LogFileRig.Batches([1], baseOffset: 10));
        SegmentSealer.Seal(_device, other);
        _device.Rename(other.PathOf(SegmentFileName.Seal), seal); // of another segment: says nothing about this one
        other.Close();
        Verify();
        _device.Delete(seal);
        Verify();
    }

    [Fact]
    public void Every_block_is_checked()
    {
        _device.FlipBit(_segment.Log.Path, (SegmentSeal.BlockBytes + 100) * 8);
        CorruptLogException e = Assert.Throws<CorruptLogException>(Verify);
        Assert.Equal((_segment.Log.Path, (long)SegmentSeal.BlockBytes), (e.Path, e.Position));
        Assert.Contains("block 1 as it was sealed", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_shorter_file_and_another_length_are_found()
    {
        using (IStorageFile file = _device.Open(_segment.Log.Path, StorageOpenMode.ReadWrite))
        {
            file.Truncate(100_000);
        }

        Assert.Contains("block 1", Assert.Throws<CorruptLogException>(Verify).Message, StringComparison.Ordinal);
        _segment.Publish(2, 90_000);
        Assert.Contains("bytes as sealed", Assert.Throws<CorruptLogException>(Verify).Message, StringComparison.Ordinal);
    }

    private void Verify() => SealCheck.Verify(_device, _segment, CancellationToken.None);
}
