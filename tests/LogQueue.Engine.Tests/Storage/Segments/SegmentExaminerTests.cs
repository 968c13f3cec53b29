using LogQueue.Records;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Engine.Tests.Storage.Segments;

/// <summary>Where damage begins and ends, told from log files with and without gaps, seals and epochs.</summary>
public sealed class SegmentExaminerTests
{
    private const int Epoch = 3;

    private static readonly byte[][] Six = LogFileRig.Batches([2, 1, 3, 1, 2, 1]); // offsets 0, 2, 3, 6, 7, 9

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_whole_file_has_no_hole_and_every_batch_is_heard(bool allowGaps)
    {
        using IStorageFile log = LogFileRig.Write(Six);
        List<(long, int)> heard = [];
        Assert.Empty(Examine(log, 10, allowGaps, intact: (position, batch) => heard.Add((position, batch.Length))));
        Assert.Equal(Six.Select(static (b, i) => (PositionOf(i), b.Length)), heard);
    }

    [Fact]
    public void Batches_that_are_missing_at_the_end_are_a_hole_unless_there_may_be_gaps()
    {
        using IStorageFile log = LogFileRig.Write(Six[..4]);
        Assert.Equal([new SegmentHole(log.Length, log.Length, 7, 10, "the last batches are missing")], Examine(log, 10, allowGaps: false));
        Assert.Empty(Examine(log, 10, allowGaps: true));
    }

    [Fact]
    public void Damage_up_to_an_end_that_is_not_the_logs_end_is_one_hole()
    {
        using IStorageFile log = LogFileRig.Write([.. Six[..3], Damaged(Six[3])]); // and offsets 7 to 9 are not there at all
        SegmentHole hole = Assert.Single(Examine(log, 10, allowGaps: false));
        Assert.Equal((PositionOf(3), log.Length, 6L, 10L), (hole.FromPosition, hole.ToPosition, hole.FromOffset, hole.ToOffset));
    }

    [Fact]
    public void The_last_batch_is_not_trusted_behind_damage_when_it_does_not_lead_to_the_logs_end()
    {
        // Of one batch alone nobody knows whether it lies about its offset; here it would have to be followed by offset 10.
        using IStorageFile log = LogFileRig.Write(Six[0], Damaged(Six[1]), Six[2]);
        SegmentHole hole = Assert.Single(Examine(log, 10, allowGaps: false));
        Assert.Equal((PositionOf(1), log.Length, 2L, 10L), (hole.FromPosition, hole.ToPosition, hole.FromOffset, hole.ToOffset));

        hole = Assert.Single(Examine(log, 6, allowGaps: false)); // it leads there: trusted
        Assert.Equal((PositionOf(1), PositionOf(2), 2L, 3L), (hole.FromPosition, hole.ToPosition, hole.FromOffset, hole.ToOffset));
        hole = Assert.Single(Examine(log, 10, allowGaps: true));
        Assert.Equal((PositionOf(1), PositionOf(2)), (hole.FromPosition, hole.ToPosition));
    }

    [Fact]
    public void A_batch_whose_successor_does_not_follow_is_not_where_the_log_goes_on()
    {
        byte[] liar = [.. Six[2]];
        RecordBatchStamp.Stamp(liar, 2, Epoch); // the checksum does not cover it
        using IStorageFile log = LogFileRig.Write(Six[0], Damaged(Six[1]), liar, Six[3], Six[4], Six[5]);
        SegmentHole hole = Assert.Single(Examine(log, 10, allowGaps: false));
        Assert.Equal((PositionOf(1), PositionOf(3), 2L, 6L), (hole.FromPosition, hole.ToPosition, hole.FromOffset, hole.ToOffset));
    }

    [Fact]
    public void A_wrong_epoch_is_damage_and_no_proof_for_the_batch_before_it()
    {
        byte[] stale = [.. Six[3]];
        RecordBatchStamp.Stamp(stale, 6, Epoch - 1);
        using IStorageFile log = LogFileRig.Write(Six[0], Damaged(Six[1]), Six[2], stale, Six[4], Six[5]);
        SegmentHole hole = Assert.Single(Examine(log, 10, allowGaps: false, epochOf: static _ => Epoch));
        Assert.Equal((PositionOf(1), PositionOf(4), 2L, 7L), (hole.FromPosition, hole.ToPosition, hole.FromOffset, hole.ToOffset));
        Assert.Equal(2, Examine(log, 10, allowGaps: false, epochOf: static offset => offset == 6 ? Epoch - 1 : offset == 7 ? 9 : Epoch).Count);
    }

    [Fact]
    public void Bytes_that_are_not_those_of_the_seal_are_damage_where_nothing_else_proves_them()
    {
        byte[][] batches = LogFileRig.Batches([1, 1, 1, 1, 1], valueBytes: 60_000);
        using IStorageFile log = LogFileRig.Write(batches);
        uint[] seal = Seal(log);
        log.Write(batches[0].Length + 7, [2]); // the second batch now says offset 2, which could follow where there may be gaps
        long second = batches[0].Length;

        List<long> heard = [];
        IReadOnlyList<SegmentHole> holes = Examine(log, 5, allowGaps: true, seal, intact: (position, _) => heard.Add(position));

        Assert.Contains("the seal's checksum of block 0", holes[0].What, StringComparison.Ordinal);
        Assert.Equal(0, holes[0].FromPosition); // the first batch ends before the bad block does
        Assert.DoesNotContain(second, heard);
        Assert.Equal(seal.Length, Seal(log).Length);
        Assert.Equal([4 * batches[0].Length], heard.Where(p => p >= 4L * batches[0].Length)); // far behind it all is well
    }

    [Fact]
    public void With_a_right_seal_nothing_is_walked_and_with_a_wrong_one_a_proved_log_has_no_hole()
    {
        using IStorageFile log = LogFileRig.Write(Six);
        uint[] seal = Seal(log);
        Assert.Empty(Examine(log, 10, allowGaps: true, seal));
        seal[0]++;
        Assert.NotEmpty(Examine(log, 10, allowGaps: true, seal));
        Assert.NotEmpty(Examine(log, 10, allowGaps: false, seal)); // no epochs: the 17 bytes before the checksum's range are not proved
        Assert.Empty(Examine(log, 10, allowGaps: false, seal, epochOf: static _ => Epoch));
    }

    [Fact]
    public void Where_there_may_be_gaps_the_one_of_two_that_lies_is_found()
    {
        byte[][] batches = LogFileRig.Batches([1, 1, 1, 1, 1]);
        RecordBatchStamp.Stamp(batches[1], 1000, Epoch); // it lies; what comes after lies behind it
        using IStorageFile log = LogFileRig.Write(batches);
        SegmentHole hole = Assert.Single(Examine(log, 5, allowGaps: true));
        Assert.Equal((PositionOf(batches, 1), PositionOf(batches, 2), 1L, 2L), (hole.FromPosition, hole.ToPosition, hole.FromOffset, hole.ToOffset));
    }

    [Fact]
    public void A_file_that_ends_inside_a_block_has_a_bad_block()
    {
        using IStorageFile log = LogFileRig.Write(Six);
        uint[] seal = Seal(log);
        Assert.Empty(SegmentExaminer.FindBadBlocks(log, seal, log.Length));
        Assert.Equal([0], SegmentExaminer.FindBadBlocks(log, seal, log.Length + 1));
    }

    private static IReadOnlyList<SegmentHole> Examine(IStorageFile log, long nextOffset, bool allowGaps, uint[]? seal = null,
        Func<long, int>? epochOf = null, Action<long, ReadOnlyMemory<byte>>? intact = null) =>
        new SegmentExaminer(log, 0, log.Length, nextOffset, allowGaps) { BlockChecksums = seal, EpochOf = epochOf, Intact = intact }.Run();

    private static long PositionOf(int batch) => PositionOf(Six, batch);

    private static long PositionOf(byte[][] batches, int batch) => batches.Take(batch).Sum(static b => (long)b.Length);

    private static byte[] Damaged(byte[] batch)
    {
        byte[] damaged = [.. batch];
        damaged[^1] ^= 1;
        return damaged;
    }

    private static uint[] Seal(IStorageFile log)
    {
        byte[] bytes = new byte[log.Length];
        log.Read(0, bytes);
        return [.. bytes.Chunk(SegmentSeal.BlockBytes).Select(static block => Crc32C.Compute(block))];
    }
}
