using LogQueue.Engine.Tests.Storage.Segments;
using LogQueue.Storage;
using LogQueue.Storage.Compaction;
using LogQueue.Storage.Segments;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Compaction;

public sealed class CleanPlanTests
{
    private static readonly LogOptions Large = new();

    [Theory]
    [InlineData(0, 0, false, false, false)]
    [InlineData(0, 0, true, false, false)]
    [InlineData(0, 0, false, true, true)] // a horizon has passed, though nothing is dirty
    [InlineData(100, 99, false, false, false)]
    [InlineData(100, 100, false, false, true)] // half of it is dirty
    [InlineData(100, 1, true, false, true)]
    public void A_pass_is_due_by_ratio_lag_or_horizon(long clean, long dirty, bool isLate, bool isPastHorizon, bool isDue)
    {
        LogSegment[] segments = Segments([1]);
        Assert.Equal(isDue, Plan(segments, clean, dirty, isLate, isPastHorizon).IsDue);
        Assert.False(Plan([], clean, dirty, isLate, isPastHorizon).IsDue);
        Assert.Equal(dirty == 0 ? 0 : (double)dirty / (clean + dirty), Plan(segments, clean, dirty).DirtyRatio);
        Close(segments);
    }

    [Fact]
    public void Neighbours_are_joined_up_to_the_bytes_of_a_segment_and_of_an_index()
    {
        LogSegment[] segments = Segments([2, 2, 2, 2, 2]);
        long one = segments[0].SizeBytes;
        Assert.Equal([5], Groups(segments, Large));
        Assert.Equal([2, 2, 1], Groups(segments, Large with { SegmentBytes = (int)(2 * one) }));
        Assert.Equal([1, 1, 1, 1, 1], Groups(segments, Large with { SegmentBytes = 1 }));
        foreach (LogSegment segment in segments)
        {
            segment.TimeIndex.AppendIfLater(TestBatches.StartMs, segment.BaseOffset);
        }

        Assert.Equal([3, 2], Groups(segments, Large with { SegmentIndexBytes = 40 })); // of 12 bytes each
        Close(segments);
    }

    [Fact]
    public void A_group_spans_no_more_offsets_and_segments_than_one_segment_may()
    {
        LogSegment[] far = Segments([1, 1, 1]);
        far[2].Publish(far[0].BaseOffset + int.MaxValue + 1L, far[2].SizeBytes);
        Assert.Equal([2, 1], Groups(far, Large));
        far[2].Publish(far[0].BaseOffset + int.MaxValue, far[2].SizeBytes);
        Assert.Equal([3], Groups(far, Large));
        Close(far);

        LogSegment[] many = Segments([.. Enumerable.Repeat(1, 130)]);
        Assert.Equal([64, 64, 2], Groups(many, Large));
        Close(many);
    }

    [Fact]
    public void Segments_from_an_offset_on_are_left_out()
    {
        LogSegment[] segments = Segments([2, 2, 2]);
        Assert.Equal([2], Groups(segments, Large, endOffset: 4));
        Assert.Empty(Groups(segments, Large, endOffset: 0));
        Close(segments);
    }

    private static int[] Groups(LogSegment[] segments, LogOptions options, long endOffset = long.MaxValue) =>
        [.. Plan(segments).GroupsBelow(endOffset, options).Select(static g => g.Length)];

    private static CleanPlan Plan(LogSegment[] segments, long clean = 0, long dirty = 1, bool isLate = false, bool isPastHorizon = false) => new()
    {
        Segments = segments,
        FirstDirtyOffset = 0,
        EndOffset = 1000,
        CleanBytes = clean,
        DirtyBytes = dirty,
        IsLate = isLate,
        IsPastHorizon = isPastHorizon,
        MinDirtyRatio = 0.5,
        Aborted = [],
        Producers = ActiveProducers.None,
    };

    private static LogSegment[] Segments(int[] counts)
    {
        SimulatedStorageDevice device = LogFileRig.NewDevice();
        long baseOffset = 0;
        var segments = new LogSegment[counts.Length];
        for (int i = 0; i < counts.Length; i++)
        {
            segments[i] = LogFileRig.Segment(device, baseOffset, LogFileRig.Batches([counts[i]], baseOffset));
            baseOffset += counts[i];
        }

        return segments;
    }

    private static void Close(LogSegment[] segments) => Array.ForEach(segments, static s => s.Close());
}
