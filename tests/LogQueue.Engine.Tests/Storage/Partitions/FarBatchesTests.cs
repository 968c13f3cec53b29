using LogQueue.Records;
using LogQueue.Storage.Files;
using LogQueue.Storage.Partitions;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Partitions;

public sealed class FarBatchesTests
{
    private static readonly int BatchBytes = TestBatches.Build(1, 0).Length;
    private readonly SimulatedStorageDevice _device = new(StorageRig.Root);

    [Fact]
    public void A_whole_batch_counts_from_the_distance_on()
    {
        Write(0, Batch(0), Batch(1), Batch(2));
        Assert.True(AnyIn(-5, 0));
        Assert.True(AnyIn(2 * BatchBytes, 0));
        Assert.False(AnyIn((2 * BatchBytes) + 1, 0));
        Assert.False(AnyIn(3 * BatchBytes, 0));
    }

    [Fact]
    public void The_distance_goes_on_over_the_segments()
    {
        Write(0, Batch(0), Batch(1));
        Write(2, Batch(2), Batch(3));
        Assert.True(AnyIn(3 * BatchBytes, 0, 2));
        Assert.False(AnyIn((3 * BatchBytes) + 1, 0, 2));
        Assert.False(AnyIn(0));
    }

    [Fact]
    public void What_only_looks_like_a_header_is_no_batch()
    {
        byte[] broken = Batch(0);
        broken[^1] ^= 1;
        Write(0, broken, new byte[300]);
        Assert.False(AnyIn(0, 0));
        byte[] ofAnotherSegment = Batch(3);
        Write(7, ofAnotherSegment);
        Assert.False(AnyIn(0, 7));
        Write(3, broken, Batch(4));
        Assert.True(AnyIn(0, 3));
    }

    private static byte[] Batch(long offset)
    {
        byte[] batch = TestBatches.Build(1, offset);
        RecordBatchStamp.Stamp(batch, offset, 0);
        return batch;
    }

    private bool AnyIn(long leastDistanceBytes, params long[] bases) => FarBatches.AnyIn(_device, StorageRig.Root, bases, leastDistanceBytes);

    private void Write(long baseOffset, params byte[][] parts) =>
        _device.ReplaceDurably(SegmentFileName.PathOf(StorageRig.Root, baseOffset, SegmentFileName.Log), parts.SelectMany(static p => p).ToArray());
}
