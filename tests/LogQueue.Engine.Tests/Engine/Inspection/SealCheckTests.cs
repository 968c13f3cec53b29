using LogQueue.Engine.Inspection;
using LogQueue.Records;
using LogQueue.Records.Checksums;
using LogQueue.Storage.Segments;

namespace LogQueue.Engine.Tests.Engine.Inspection;

public sealed class SealCheckTests
{
    private static readonly int[] ValueBytes = [10, 900, 1024, 30_000, 65_536, 200_000, 5, 131_000, 64_000];

    [Fact]
    public void Batches_give_the_blocks_checksums_and_their_own()
    {
        byte[][] batches = Batches();
        SealCheck check = new(SealOf(batches));
        foreach (byte[] batch in batches)
        {
            Assert.True(check.TakeBatch(batch));
        }

        Assert.Equal(batches.Sum(static b => (long)b.Length), check.TakenBytes);
        Assert.Null(check.Finish("00000000000000000000.log"));
    }

    [Theory]
    [InlineData(0, false)] // the base offset: only the seal covers it
    [InlineData(15, false)] // the leader epoch
    [InlineData(17, true)]
    [InlineData(21, true)]
    [InlineData(199_000, true)]
    public void A_flipped_bit_is_found_by_the_checksums_that_cover_it(int at, bool isInBatch)
    {
        byte[][] batches = Batches();
        SealCheck check = new(SealOf(batches));
        batches[5][at] ^= 4;
        bool[] sound = [.. batches.Select(b => check.TakeBatch(b))];

        Assert.Equal(!isInBatch, sound[5]);
        Assert.Equal(batches.Length - (isInBatch ? 1 : 0), sound.Count(static s => s));
        long position = batches.Take(5).Sum(static b => (long)b.Length) + at;
        Assert.Equal(position / SegmentSeal.BlockBytes * SegmentSeal.BlockBytes, check.Finish("x.log")!.Position);
    }

    private static byte[][] Batches()
    {
        var random = new Random(3);
        return [.. ValueBytes.Select(bytes =>
        {
            byte[] value = new byte[bytes];
            random.NextBytes(value);
            using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions { MaxBatchBytes = 1 << 20 });
            builder.TryAppend(1000, [], value);
            return builder.Build().ToArray();
        })];
    }

    private static SegmentSeal SealOf(byte[][] batches) => new()
    {
        BaseOffset = 0, NextOffset = batches.Length, MaxTimestampMs = 1000, OffsetOfMaxTimestamp = 0, FirstTimestampMs = 1000,
        LogBytes = batches.Sum(static b => (long)b.Length), Indexes = default,
        BlockChecksums = [.. batches.SelectMany(static b => b).Chunk(SegmentSeal.BlockBytes).Select(static b => Crc32C.Compute(b))],
    };
}
