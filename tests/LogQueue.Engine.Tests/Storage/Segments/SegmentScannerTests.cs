using LogQueue.Records;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Storage.Segments;

public sealed class SegmentScannerTests
{
    private static readonly byte[][] Three = LogFileRig.Batches([2, 1, 3], baseOffset: 10);

    [Fact]
    public void It_meets_every_batch_also_one_that_is_larger_than_its_buffer()
    {
        byte[][] batches = LogFileRig.Batches([1, 2, 1], valueBytes: 700_000);
        using IStorageFile log = LogFileRig.Write(batches);
        using var scanner = new SegmentScanner(log, 0, log.Length, 0, allowGaps: false);
        foreach (byte[] batch in batches)
        {
            Assert.True(scanner.MoveNext());
            Assert.True(scanner.Current.SequenceEqual(batch));
            Assert.True(scanner.CurrentMemory.Span.SequenceEqual(batch));
        }

        Assert.False(scanner.MoveNext());
        Assert.Equal((log.Length, 4L, 3L, null), (scanner.Position, scanner.NextOffset, scanner.BatchCount, scanner.StopReason));
    }

    [Fact]
    public void It_stops_where_a_batch_is_cut_and_says_why()
    {
        for (int length = 1; length < Three[1].Length; length++)
        {
            using IStorageFile log = LogFileRig.Write(Three[0], Three[1][..length]);
            AssertStops(log, log.Length, length < RecordBatchLayout.HeaderBytes ? $"{length} bytes are too few for a batch header" : "no batch of a possible length");
            AssertStops(log, log.Length + 1000, length < RecordBatchLayout.HeaderBytes // the file became shorter than it was
                ? $"{length + 1000} bytes are too few for a batch header" : "the file ends inside a batch");
        }
    }

    [Theory]
    [InlineData(16, 1, "magic 1")]
    [InlineData(11, 0, "no batch of a possible length")]
    [InlineData(60, 9, "a wrong checksum")]
    [InlineData(23, 0x80, "base offset 12 where 12 follows")] // a negative last offset
    [InlineData(0, 0x80, "where 12 follows")] // a negative base offset
    [InlineData(7, 13, "base offset 13 where 12 follows")] // a gap
    [InlineData(7, 11, "base offset 11 where 12 follows")]
    [InlineData(3, 1, "where 12 follows")] // too far for the segment's indexes
    [InlineData(15, 4, "leader epoch 4 where 3 was current")]
    public void It_stops_at_a_batch_that_is_wrong_and_says_why(int at, byte value, string reason)
    {
        byte[] wrong = [.. Three[1]];
        wrong[at] = value;
        using IStorageFile log = LogFileRig.Write(Three[0], wrong, Three[2]);
        AssertStops(log, log.Length, reason);
    }

    [Fact]
    public void It_stops_where_offsets_would_pass_the_largest_number()
    {
        foreach (long baseOffset in (long[])[long.MaxValue - 1, long.MaxValue])
        {
            byte[] last = [.. Three[0]]; // of two records
            RecordBatchStamp.Stamp(last, baseOffset, 3);
            using IStorageFile log = LogFileRig.Write(last);
            foreach (long expected in (long[])[0, long.MaxValue - 5])
            {
                using var scanner = new SegmentScanner(log, 0, log.Length, expected, allowGaps: true);
                Assert.False(scanner.MoveNext());
                Assert.Equal($"base offset {baseOffset} where {expected} follows", scanner.StopReason);
            }
        }
    }

    [Theory]
    [InlineData(false, false, true)] // the first one may lie past what is expected
    [InlineData(true, true, true)]
    [InlineData(false, true, false)]
    public void The_first_batch_must_follow_when_it_is_anchored(bool allowGaps, bool isAnchored, bool meets)
    {
        using IStorageFile log = LogFileRig.Write(Three);
        using var scanner = new SegmentScanner(log, 0, log.Length, 8, allowGaps) { IsAnchored = isAnchored };
        Assert.Equal(meets, scanner.MoveNext());
    }

    [Fact]
    public void A_whole_batch_behind_the_one_before_is_told_from_a_damaged_one()
    {
        byte[] damaged = [.. Three[0]];
        damaged[^1] ^= 1;
        foreach ((byte[] second, bool isBehind) in new[] { (Three[0], true), (damaged, false), (TestBatches.Build(1, 0), true) })
        {
            using IStorageFile log = LogFileRig.Write(Three[1], second);
            using var scanner = new SegmentScanner(log, 0, log.Length, 0, allowGaps: true);
            Assert.True(scanner.MoveNext());
            Assert.False(scanner.MoveNext());
            Assert.Equal(isBehind, scanner.IsOffsetBehind);
        }
    }

    private static void AssertStops(IStorageFile log, long end, string reason)
    {
        using var scanner = new SegmentScanner(log, 0, end, 10, allowGaps: false) { EpochOf = static _ => 3 };
        Assert.True(scanner.MoveNext());
        Assert.False(scanner.MoveNext());
        Assert.Contains(reason, scanner.StopReason, StringComparison.Ordinal);
        Assert.Equal((Three[0].Length, 12L), (scanner.Position, scanner.NextOffset));
        Assert.True(scanner.Current.IsEmpty);
    }
}
