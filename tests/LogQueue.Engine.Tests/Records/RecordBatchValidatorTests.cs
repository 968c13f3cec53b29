using System.Buffers.Binary;
using LogQueue.Records;
using LogQueue.TestKit.Storage;

namespace LogQueue.Engine.Tests.Records;

/// <summary>Each rule of a batch, broken alone, gives its own verdict.</summary>
public sealed class RecordBatchValidatorTests
{
    private const int Most = 1 << 20;

    [Fact]
    public void A_good_batch_is_valid_and_any_flipped_bit_behind_the_header_s_stamp_is_found()
    {
        byte[] batch = Good();
        Assert.Equal(BatchVerdict.Valid, RecordBatchValidator.ValidateFromProducer(batch, Most));
        for (int bit = RecordBatchLayout.CrcPosition * 8; bit < batch.Length * 8; bit++)
        {
            batch[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Equal(BatchVerdict.BadChecksum, RecordBatchValidator.ValidateHeaderAndChecksum(batch, Most));
            batch[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Sizes_that_are_not_those_of_the_bytes_are_found()
    {
        byte[] batch = Good();
        for (int length = 0; length < batch.Length; length++)
        {
            Assert.Equal(BatchVerdict.Truncated, RecordBatchValidator.ValidateHeaderAndChecksum(batch.AsSpan(0, length), Most));
        }

        Assert.Equal(BatchVerdict.BadLength, RecordBatchValidator.ValidateHeaderAndChecksum([.. batch, 0], Most));
        Assert.Equal(BatchVerdict.TooLarge, RecordBatchValidator.ValidateHeaderAndChecksum(batch, batch.Length - 1));
        Assert.Equal(BatchVerdict.Valid, RecordBatchValidator.ValidateHeaderAndChecksum(batch, batch.Length));
        foreach (int wild in (ReadOnlySpan<int>)[-1, int.MinValue, int.MaxValue, 0, 10])
        {
            BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchLayout.BatchLengthPosition), wild);
            Assert.True(RecordBatchValidator.ValidateHeaderAndChecksum(batch, Most) is BatchVerdict.BadLength or BatchVerdict.Truncated);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void Other_formats_are_refused(byte magic)
    {
        byte[] batch = Good();
        batch[RecordBatchLayout.MagicPosition] = magic;
        Assert.Equal(BatchVerdict.BadMagic, RecordBatchValidator.ValidateHeaderAndChecksum(batch, Most));
    }

    [Theory]
    [InlineData(-1, 3, BatchVerdict.BadRecordCount)]
    [InlineData(2, -1, BatchVerdict.BadRecordCount)]
    [InlineData(2, 4, BatchVerdict.BadRecordCount)]
    [InlineData(int.MinValue, int.MaxValue, BatchVerdict.BadRecordCount)]
    [InlineData(2, 2, BatchVerdict.Valid)] // compaction leaves gaps
    public void Counts_must_fit_the_offsets(int lastOffsetDelta, int records, BatchVerdict expected)
    {
        byte[] batch = Good();
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchLayout.LastOffsetDeltaPosition), lastOffsetDelta);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchLayout.RecordCountPosition), records);
        RecordBatchStamp.WriteCrc(batch);
        Assert.Equal(expected, RecordBatchValidator.ValidateHeaderAndChecksum(batch, Most));
        Assert.Equal(BatchVerdict.BadRecordCount, RecordBatchValidator.ValidateFromProducer(batch, Most));
    }

    [Theory]
    [InlineData(5, BatchVerdict.UnknownCompression)]
    [InlineData(7, BatchVerdict.UnknownCompression)]
    [InlineData(0x08, BatchVerdict.BadTimestamp)]
    [InlineData(0x40, BatchVerdict.BadTimestamp)]
    [InlineData(0x20, BatchVerdict.ControlFromClient)]
    [InlineData(0x10, BatchVerdict.BadSequence)] // transactional without a producer
    public void Attributes_that_a_producer_must_not_set_are_refused(short attributes, BatchVerdict expected)
    {
        byte[] batch = Good();
        BinaryPrimitives.WriteInt16BigEndian(batch.AsSpan(RecordBatchLayout.AttributesPosition), attributes);
        RecordBatchStamp.WriteCrc(batch);
        Assert.Equal(expected, RecordBatchValidator.ValidateFromProducer(batch, Most));
    }

    [Theory]
    [InlineData(7, 0, 0, BatchVerdict.Valid)]
    [InlineData(7, -1, 0, BatchVerdict.BadSequence)]
    [InlineData(7, 0, -1, BatchVerdict.BadSequence)]
    [InlineData(-1, 0, 0, BatchVerdict.BadSequence)]
    [InlineData(-1, -1, 0, BatchVerdict.Valid)]
    public void Producer_epoch_and_sequence_come_together(long producer, short epoch, int sequence, BatchVerdict expected)
    {
        byte[] batch = TestBatches.Build(3, 1, producerId: producer, producerEpoch: epoch, baseSequence: sequence);
        Assert.Equal(expected, RecordBatchValidator.ValidateFromProducer(batch, Most));
    }

    [Fact]
    public void A_producer_leaves_the_offset_to_the_log_and_sends_records()
    {
        byte[] batch = Good();
        RecordBatchStamp.Stamp(batch, 5, 0);
        Assert.Equal(BatchVerdict.BadOffsets, RecordBatchValidator.ValidateFromProducer(batch, Most));
        batch = Good();
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchLayout.RecordCountPosition), 0);
        RecordBatchStamp.WriteCrc(batch);
        Assert.Equal(BatchVerdict.BadRecordCount, RecordBatchValidator.ValidateFromProducer(batch, Most));
    }

    [Fact]
    public void Records_are_walked_and_the_first_fault_is_named()
    {
        byte[] batch = Good();
        Assert.Equal(BatchVerdict.Valid, RecordBatchValidator.ValidateRecords(batch, RecordDecodeLimits.Default, requireKeys: true, out _));
        int offsetDelta = RecordBatchLayout.HeaderBytes + 3; // length, attributes, time delta, offset delta
        batch[offsetDelta] = 4;
        Assert.Equal(BatchVerdict.BadOffsets, RecordBatchValidator.ValidateRecords(batch, RecordDecodeLimits.Default, false, out RecordDefect defect));
        Assert.Equal(0, defect.RecordIndex);
        batch = Good();
        batch[RecordBatchLayout.HeaderBytes] = 0x7E; // a record longer than the rest of the batch's records
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatchLayout.RecordCountPosition), 1);
        Assert.Equal(BatchVerdict.BadRecords, RecordBatchValidator.ValidateRecords(batch, RecordDecodeLimits.Default, false, out defect));
        Assert.NotEmpty(defect.What);
        using var builder = new RecordBatchBuilder(new RecordBatchBuilderOptions { Compression = CompressionType.Lz4 });
        Assert.True(builder.TryAppend(1, [1], [1]));
        Assert.True(builder.TryAppend(1, (ReadOnlyMemory<byte>?)null, new ReadOnlyMemory<byte>([1])));
        byte[] keyless = builder.Build().ToArray();
        Assert.Equal(BatchVerdict.Valid, RecordBatchValidator.ValidateRecords(keyless, RecordDecodeLimits.Default, false, out _));
        Assert.Equal(BatchVerdict.BadRecords, RecordBatchValidator.ValidateRecords(keyless, RecordDecodeLimits.Default, true, out defect));
        Assert.Equal(1, defect.RecordIndex);
    }

    private static byte[] Good() => TestBatches.Build(3, 1);
}
