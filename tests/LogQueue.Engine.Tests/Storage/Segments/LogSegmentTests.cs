using LogQueue.Records;
using LogQueue.Storage;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Segments;

public sealed class LogSegmentTests
{
    private static readonly byte[][] Batches = LogFileRig.Batches([2, 1, 3, 1, 1, 1]);

    private readonly SimulatedStorageDevice _device = LogFileRig.NewDevice();

    [Fact]
    public void Bytes_that_lie_where_a_new_segment_begins_go_to_lost_and_found()
    {
        string path = SegmentFileName.PathOf(StorageRig.Directory, 0, SegmentFileName.Log);
        using (IStorageFile left = _device.Open(path, StorageOpenMode.CreateNew))
        {
            left.Write(0, [1, 2, 3]);
        }

        LogFileRig.Segment(_device, 0).Close();
        Assert.Equal([1, 2, 3], _device.Content($"{StorageRig.Root}/lost+found/topic-0.00000000000000000000.log"));
        LogFileRig.Segment(_device, 0).Close(); // an empty one is no loss
        Assert.Single(_device.ListFiles($"{StorageRig.Root}/lost+found"));
        Assert.Equal(0, _device.FileLength(path));
    }

    [Fact]
    public void A_sealed_segment_takes_no_writes()
    {
        LogSegment segment = LogFileRig.Segment(_device, 0, Batches);
        SegmentSealer.Seal(_device, segment);
        Assert.False(segment.IsWritable);
        InvalidOperationException e = Assert.Throws<InvalidOperationException>(() => segment.Write(Batches[0], 1024, 1024, 1 << 20));
        Assert.Contains("is sealed", e.Message, StringComparison.Ordinal);
        segment.DropCache(0);
        segment.DataSync();
        segment.Close();
        Assert.Equal(0, _device.OpenFiles);
    }

    [Fact]
    public void A_damaged_batch_ends_the_making_of_indexes_with_its_position()
    {
        LogSegment segment = LogFileRig.Segment(_device, 0, Batches);
        int entries = segment.OffsetIndex.Count;
        segment.Reindex(100);
        Assert.Equal(entries, segment.OffsetIndex.Count);
        long position = Batches[0].Length + Batches[1].Length;
        _device.FlipBit(segment.Log.Path, (position + 70) * 8);
        CorruptLogException e = Assert.Throws<CorruptLogException>(() => segment.Reindex(100));
        Assert.Equal((segment.Log.Path, position), (e.Path, e.Position));
        Assert.Contains("a wrong checksum", e.Message, StringComparison.Ordinal);
        segment.Close();
    }

    [Fact]
    public void Records_without_a_time_have_no_entry_in_the_time_index()
    {
        byte[][] batches = [.. Enumerable.Range(0, 5).Select(static i =>
        {
            byte[] batch = TestBatches.Build(1, i, timestampMs: -1);
            RecordBatchStamp.Stamp(batch, i, 0);
            return batch;
        })];
        LogSegment segment = LogFileRig.Segment(_device, 0, batches);
        segment.FlushIndexes(sync: true);
        Assert.Equal((2, 0), (segment.OffsetIndex.Count, segment.TimeIndex.Count));
        Assert.Equal((-1, -1), (segment.MaxTimestampMs, segment.OffsetOfMaxTimestamp));
        segment.Close();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Files_that_cannot_be_deleted_are_told_and_the_others_go(bool isHeard)
    {
        LogSegment segment = LogFileRig.Segment(_device, 0, Batches);
        SegmentSealer.Seal(_device, segment);
        _device.Fault = static o => o.Kind == "delete" && o.Path.EndsWith(".index", StringComparison.Ordinal) ? new SimulatedFault(StorageError.Permission) : null;
        List<StorageException> failed = [];
        int removed = 0;
        Assert.True(segment.Log.TryAcquire());
        segment.Remove(isHeard ? failed.Add : null, isHeard ? () => removed++ : null);
        Assert.Equal(4, _device.ListFiles(StorageRig.Directory).Count); // a reader holds it
        segment.Log.Release();
        Assert.Equal(["00000000000000000000.index"], _device.ListFiles(StorageRig.Directory));
        Assert.Equal(isHeard ? 1 : 0, removed);
        Assert.Equal(isHeard ? [StorageError.Permission] : [], failed.Select(static e => e.Error));
    }

    [Fact]
    public void A_closed_segment_cannot_be_pinned_and_a_pin_that_fails_is_undone()
    {
        LogSegment segment = LogFileRig.Segment(_device, 0, Batches);
        SegmentSealer.Seal(_device, segment);
        _device.Fault = static o => o.Kind is "open" && o.Path.EndsWith(".timeindex", StringComparison.Ordinal) ? new SimulatedFault(StorageError.TooManyFiles) : null;
        Assert.Throws<StorageException>(() => segment.TryPin());
        _device.Fault = null;
        Assert.Equal(0, segment.Log.Leases);
        Assert.True(segment.TryPin());
        segment.Unpin();
        segment.Close();
        Assert.False(segment.TryPin());
        Assert.Equal(0, _device.OpenFiles);
    }
}
