using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Segments;

public sealed class SegmentReaderTests
{
    private static readonly byte[][] Batches = LogFileRig.Batches([2, 1, 3, 1]); // offsets 0, 2, 3, 6

    [Fact]
    public void The_last_batch_that_ends_in_time_is_found_from_every_start()
    {
        SimulatedStorageDevice device = LogFileRig.NewDevice();
        LogSegment segment = LogFileRig.Segment(device, 0, Batches);
        long[] ends = [.. Batches.Select(static (_, i) => Batches.Take(i + 1).Sum(static b => (long)b.Length))];
        for (long mostEnd = ends[0]; mostEnd < segment.SizeBytes + 3; mostEnd++)
        {
            BatchLocation found = SegmentReader.FindLastEndingBy(segment, 0, mostEnd, segment.SizeBytes);
            Assert.Equal((BatchSearch.Found, ends.Last(e => e <= mostEnd)), (found.Outcome, found.End));
        }

        Assert.Equal(BatchSearch.PastEnd, SegmentReader.FindLastEndingBy(segment, 0, ends[0] - 1, segment.SizeBytes).Outcome);
        Assert.Equal(BatchSearch.PastEnd, SegmentReader.FindBatch(segment, 7, segment.SizeBytes).Outcome);
        segment.Close();
    }

    [Fact]
    public void A_file_that_is_shorter_than_what_was_published_is_damage()
    {
        SimulatedStorageDevice device = LogFileRig.NewDevice();
        LogSegment segment = LogFileRig.Segment(device, 0, Batches);
        long last = segment.SizeBytes - Batches[3].Length;
        using (IStorageFile file = device.Open(segment.Log.Path, StorageOpenMode.ReadWrite))
        {
            file.Truncate(last + 20);
        }

        BatchLocation found = SegmentReader.FindBatch(segment, 6, segment.SizeBytes);
        Assert.Equal((BatchSearch.Corrupt, last), (found.Outcome, found.Position));
        segment.Close();
    }
}
