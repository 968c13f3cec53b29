using LogQueue.Records;
using LogQueue.Storage.Files;
using LogQueue.Storage.Segments;

namespace LogQueue.Engine.Tests.Storage.Segments;

public sealed class BatchProbeTests
{
    private static readonly byte[][] Two = LogFileRig.Batches([2, 1], baseOffset: 5);

    [Fact]
    public void Whole_batches_are_found_at_any_byte()
    {
        for (int before = 0; before < 70; before++)
        {
            using IStorageFile log = LogFileRig.Write(new byte[before], Two[0], [1, 2, 3], Two[1]);
            using var probe = new BatchProbe(log, log.Length);
            Assert.Equal(before, probe.FindHeader(0, 0, 100));
            Assert.True(probe.TryRead(before, 0, 100, out ProbedBatch batch));
            Assert.Equal((5L, 7L, Two[0].Length, 3), (batch.BaseOffset, batch.NextOffset, batch.SizeBytes, batch.LeaderEpoch));
            Assert.Equal(before + Two[0].Length + 3, probe.FindHeader(before + 1, 0, 100));
            Assert.Equal(log.Length, probe.FindHeader(before + 1, 0, 7)); // offset 7 is none that may be there
            Assert.Equal(0, probe.WastedBytes);
        }
    }

    [Fact]
    public void A_batch_outside_the_offsets_or_with_a_wrong_checksum_is_none_and_its_bytes_count()
    {
        using IStorageFile log = LogFileRig.Write(Two[0]);
        using var probe = new BatchProbe(log, log.Length);
        Assert.False(probe.TryRead(0, 6, 100, out _));
        Assert.False(probe.TryRead(0, 0, 5, out _));
        Assert.Equal(0, probe.WastedBytes);
        Assert.False(probe.TryRead(0, 0, 6, out _)); // it ends past what there may be
        log.Write(log.Length - 1, [0xAB]);
        using var damaged = new BatchProbe(log, log.Length);
        Assert.False(damaged.TryRead(0, 0, 100, out _));
        Assert.Equal(Two[0].Length, damaged.WastedBytes);
    }

    [Fact]
    public void A_file_that_became_shorter_has_no_batch_at_its_end()
    {
        for (int length = 0; length < Two[0].Length; length++)
        {
            using IStorageFile log = LogFileRig.Write(Two[0][..length]);
            using var probe = new BatchProbe(log, Two[0].Length);
            Assert.False(probe.TryRead(0, 0, 100, out _));
            Assert.Equal(length < RecordBatchLayout.HeaderBytes ? Two[0].Length : 0, probe.FindHeader(0, 0, 100));
        }
    }
}
